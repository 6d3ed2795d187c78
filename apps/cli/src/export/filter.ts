import { parseBundleFilter, type BundleFilter } from '@countersign/chain';
import { CommandFailure, EXIT } from '../exit.js';

const LISTS = { type: 'types', subject: 'subjects', source: 'sources' } as const;
const TIMES = {
  from: 'recordedFrom',
  to: 'recordedTo',
  'occurred-from': 'occurredFrom',
  'occurred-to': 'occurredTo',
} as const;
const NAMES = ['actor', ...Object.keys(LISTS), ...Object.keys(TIMES)];

/**
 * `--filter` options as conditions: `type=promotion.*`, `subject=model/card-fraud/*`, `source=`, `actor=`, and the
 * moments `from=`, `to=` (of recording), `occurred-from=`, `occurred-to=`. Of one name any may hold, of several names all
 * must. Undefined without options.
 */
export function filterOf(options: readonly string[]): BundleFilter | undefined {
  if (options.length === 0) return undefined;
  const filter: Record<string, string | string[]> = {};
  for (const option of options) {
    const at = option.indexOf('=');
    const [name, value] = [option.slice(0, at), option.slice(at + 1)];
    if (at < 0 || value === '' || !NAMES.includes(name)) throw usage(option);
    if (isKey(LISTS, name)) {
      const list = filter[LISTS[name]];
      filter[LISTS[name]] = [...(Array.isArray(list) ? list : []), value];
    } else {
      const member = isKey(TIMES, name) ? TIMES[name] : name;
      if (member in filter)
        throw new CommandFailure(`--filter ${name} is given twice.`, HINT, EXIT.usage);
      filter[member] = isKey(TIMES, name) ? moment(name, value) : value;
    }
  }
  return parseBundleFilter(filter) ?? undefined;
}

const HINT = `Conditions: ${NAMES.map((name) => `${name}=…`).join(', ')}.`;

/** A day stands for its beginning, or behind `to` for its end: both ends are included. */
function moment(name: string, value: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(value);
  const text = isDay && name.endsWith('to') ? `${value}T23:59:59.999Z` : value;
  const ms = Date.parse(text);
  const isTime = isDay || /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(value);
  if (!isTime || Number.isNaN(ms) || !isDate(value.slice(0, 10))) throw usage(`${name}=${value}`);
  return new Date(ms).toISOString();
}

/** The platform takes 30 February for 2 March. */
function isDate(day: string): boolean {
  return new Date(`${day}T00:00:00.000Z`).toISOString().startsWith(day);
}

function isKey<Names extends object>(names: Names, name: string): name is string & keyof Names {
  return Object.hasOwn(names, name);
}

function usage(option: string): CommandFailure {
  return new CommandFailure(
    `--filter ${option} is no condition.`,
    `${HINT} Moments: 2026-11-21 or 2026-11-21T06:00:00Z.`,
    EXIT.usage,
  );
}
