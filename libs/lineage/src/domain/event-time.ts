const ISO_TIME =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * An event time as microseconds since 1970, or null when it is none. Producers write 0 to 9 fraction digits, so
 * two times never compare as text; a missing zone means UTC.
 */
export function eventMicros(text: string): number | null {
  const match = ISO_TIME.exec(text.trim());
  if (match === null) return null;
  const [, date = '', time = '', fraction = '', zone = 'Z'] = match;
  const utc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(utc)) return null;
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  const result = (utc - zoneMillis(zone)) * 1000 + micros;
  return Number.isSafeInteger(result) ? result : null;
}

/** Microseconds of a JavaScript date. */
export function dateMicros(date: Date): number {
  return date.getTime() * 1000;
}

function zoneMillis(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || '0');
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}
