import { Frontier, rootOf, sha256 } from '@countersign/chain';
import fc from 'fast-check';
import { SubtreeRow } from './subtrees.js';

const leaf = (n: number): Uint8Array => sha256(Buffer.from(String(n)));
const leaves = Array.from({ length: 300 }, (_, n) => leaf(n));

describe('SubtreeRow', () => {
  it('gives the root of RFC 6962 at every size', () => {
    const row = new SubtreeRow(0);
    expect(row.root()).toEqual(Buffer.from(rootOf([])));
    leaves.forEach((hash, n) => {
      row.push(hash);
      expect(Buffer.from(row.root())).toEqual(Buffer.from(rootOf(leaves.slice(0, n + 1))));
    });
    expect(row.end).toBe(300);
  });

  it('joins stretches that were hashed apart, wherever they were cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 6 }),
        (size, cuts) => {
          const borders = [0, ...cuts.filter((cut) => cut < size).sort((a, b) => a - b), size];
          const whole = new SubtreeRow(0);
          for (let i = 1; i < borders.length; i++) {
            const part = new SubtreeRow(borders[i - 1] ?? 0);
            for (const hash of leaves.slice(borders[i - 1], borders[i])) part.push(hash);
            whole.pushAll(part.nodes());
          }
          const expected = rootOf(leaves.slice(0, size));
          return Buffer.from(whole.root()).equals(Buffer.from(expected));
        },
      ),
    );
  });

  it('serializes as the frontier of the ledger', () => {
    const row = new SubtreeRow(0);
    const frontier = Frontier.empty();
    for (const hash of leaves) {
      row.push(hash);
      frontier.appendOne(hash);
      expect(row.serialize()).toEqual(frontier.serialize());
    }
  });

  it('clones without sharing', () => {
    const row = new SubtreeRow(0);
    row.push(leaf(0));
    const copy = row.clone();
    copy.push(leaf(1));
    expect([row.end, copy.end]).toEqual([1, 2]);
    expect(row.root()).toEqual(leaf(0));
  });
});
