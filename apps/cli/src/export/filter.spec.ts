import { CommandFailure, EXIT } from '../exit.js';
import { filterOf } from './filter.js';

describe('--filter', () => {
  it('is no filter without options', () => {
    expect(filterOf([])).toBeUndefined();
  });

  it('collects one name into a list, and joins several names', () => {
    const options = [
      'type=promotion.*',
      'type=model.created',
      'subject=model/a=b/*',
      'actor=user:1',
    ];
    expect(filterOf(options)).toEqual({
      types: ['promotion.*', 'model.created'],
      subjects: ['model/a=b/*'],
      actor: 'user:1',
    });
  });

  it('takes a day from its beginning, or to its end', () => {
    const filter = filterOf([
      'from=2026-11-20',
      'to=2026-11-20',
      'occurred-to=2026-11-21T06:00:00Z',
    ]);
    expect(filter).toEqual({
      recordedFrom: '2026-11-20T00:00:00.000Z',
      recordedTo: '2026-11-20T23:59:59.999Z',
      occurredTo: '2026-11-21T06:00:00.000Z',
    });
  });

  it.each([
    ['a name that is none', 'colour=red'],
    ['a name of an object', 'constructor=x'],
    ['no value', 'type='],
    ['no equals sign', 'type'],
    ['no name', '=x'],
    ['a moment that is none', 'from=yesterday'],
    ['a day that does not exist', 'from=2026-02-30'],
  ])('refuses %s with exit code 3', (_, option) => {
    const refused = (): unknown => filterOf([option]);
    expect(refused).toThrow(CommandFailure);
    expect(refused).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });

  it('refuses a second value where only one can hold', () => {
    expect(() => filterOf(['actor=a', 'actor=b'])).toThrow(CommandFailure);
    expect(() => filterOf(['from=2026-11-20', 'from=2026-11-21'])).toThrow(CommandFailure);
  });
});
