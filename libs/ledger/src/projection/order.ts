import { AppError } from '@countersign/kernel';
import type { Projector } from './projector.js';

/**
 * Projectors so that each comes after those it waits for, otherwise in the given order. Throws BAD_PROJECTORS for a
 * name given twice, an unknown name in `after`, and a circle.
 */
export function inOrder(projectors: readonly Projector[]): Projector[] {
  const names = new Set(projectors.map(({ name }) => name));
  if (names.size !== projectors.length) throw bad('two projectors share a name');
  const placed = new Set<string>();
  const ordered: Projector[] = [];
  while (ordered.length < projectors.length) {
    const next = projectors.find(
      ({ after = [], name }) => !placed.has(name) && after.every((other) => placed.has(other)),
    );
    if (next === undefined) throw bad('a projector waits for itself or for one that is not there');
    placed.add(next.name);
    ordered.push(next);
  }
  return ordered;
}

function bad(what: string): AppError {
  return new AppError('BAD_PROJECTORS', { publicMessage: `The projections cannot run: ${what}.` });
}
