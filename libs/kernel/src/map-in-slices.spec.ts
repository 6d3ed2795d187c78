import { mapInSlices } from './map-in-slices.js';

describe('mapInSlices', () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

  it.each([0, 1, 3, 4, 5, 12, 13])('maps %i items in order', async (count) => {
    const doubled = await mapInSlices(numbers(count), (n) => n * 2, 4);
    expect(doubled).toEqual(numbers(count).map((n) => n * 2));
  });

  it.each([
    [4, 0],
    [5, 1],
    [13, 3],
  ])('lets others in between slices: %i items, %i times', async (count, times) => {
    const seen: number[] = [];
    let done = 0;
    let running = true;
    const other = (): void => {
      if (!running) return;
      seen.push(done);
      setImmediate(other);
    };
    setImmediate(other);
    await mapInSlices(numbers(count), () => (done += 1), 4);
    running = false;
    expect(seen).toEqual(numbers(times).map((n) => (n + 1) * 4));
  });

  it('ends with what the work throws, and does no more', async () => {
    let done = 0;
    const work = (n: number): void => {
      done += 1;
      if (n === 6) throw new RangeError('six');
    };
    await expect(mapInSlices(numbers(20), work, 4)).rejects.toThrow(new RangeError('six'));
    expect(done).toBe(7);
  });
});
