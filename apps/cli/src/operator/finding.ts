/** One line of what `countersign doctor` found. */
export interface Finding {
  readonly state: 'ok' | 'note' | 'bad';
  readonly what: string;
  readonly advice: string;
}

export const ok = (what: string): Finding => ({ state: 'ok', what, advice: '' });
export const note = (what: string, advice: string): Finding => ({ state: 'note', what, advice });
export const bad = (what: string, advice: string): Finding => ({ state: 'bad', what, advice });
