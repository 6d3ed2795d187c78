import { StreamSlots } from './stream-slots.js';

describe('StreamSlots', () => {
  const fill = (slots: StreamSlots, who: string, count: number): (() => void)[] =>
    Array.from({ length: count }, () => slots.enter(who));

  it('gives a person twenty streams, and one again for each that was closed', () => {
    const slots = new StreamSlots();
    const [first] = fill(slots, 'user:a', 20);
    expect(() => slots.enter('user:a')).toThrow(/OVERLOADED/);
    expect(() => slots.enter('user:b')).not.toThrow();
    first?.();
    first?.(); // closing twice frees one place
    slots.enter('user:a');
    expect(() => slots.enter('user:a')).toThrow(/OVERLOADED/);
  });

  it('gives a process five hundred', () => {
    const slots = new StreamSlots();
    for (let person = 0; person < 25; person += 1) fill(slots, `user:${person}`, 20);
    expect(() => slots.enter('user:new')).toThrow(/OVERLOADED/);
  });
});
