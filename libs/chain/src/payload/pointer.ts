/** Appends one step to a JSON Pointer (RFC 6901). */
export function pointerStep(path: string, step: string | number): string {
  if (typeof step === 'number' || !/[~/]/.test(step)) return `${path}/${step}`;
  return `${path}/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
