/** A size given on the command line as `name=number`. */
export function sizeArgument(name: string, otherwise: number): number {
  const given = process.argv.find((part) => part.startsWith(`${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 1).replaceAll('_', ''));
}
