/** Appends one step to a JSON Pointer (RFC 6901). */
export function pointerStep(path: string, step: string | number): string {
  return `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
