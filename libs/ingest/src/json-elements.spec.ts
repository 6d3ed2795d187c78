import fc from 'fast-check';
import { jsonElements } from './json-elements.js';

const texts = (json: string): string[] =>
  jsonElements(Buffer.from(json)).map((bytes) => Buffer.from(bytes).toString('utf8'));

describe('jsonElements', () => {
  it('gives each element as it was sent, spaces outside aside', () => {
    expect(texts(' [ {"a" : 1.0} ,\n[1, 2],"x,]\\"", 8.424329310887511E18 , null ] ')).toEqual([
      '{"a" : 1.0}',
      '[1, 2]',
      '"x,]\\""',
      '8.424329310887511E18',
      'null',
    ]);
  });

  it('finds nothing in an empty array', () => {
    expect(texts('[]')).toEqual([]);
    expect(texts(' [ \n ] ')).toEqual([]);
  });

  it('agrees with the parser on any array', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, 3), (values, indent) => {
        const elements = texts(JSON.stringify(values, null, indent));
        expect(elements.map((element): unknown => JSON.parse(element))).toEqual(
          values.map((value): unknown => JSON.parse(JSON.stringify(value))),
        );
      }),
    );
  });
});
