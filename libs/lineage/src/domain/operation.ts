import type { RunFacts } from './facts.js';

/** The plan node of a Spark job (`append_data` of `app.append_data.bank_trx`): the name behind the application's. */
export function operation(run: Pick<RunFacts, 'job' | 'parentJobName'>): string {
  const { name } = run.job;
  const prefix = run.parentJobName === null ? '' : `${run.parentJobName}.`;
  const rest = prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return rest.split('.')[0] ?? '';
}

/** True for the statement's run of a CREATE or REPLACE TABLE AS SELECT. */
export function isAsSelect(run: Pick<RunFacts, 'job' | 'parentJobName'>): boolean {
  return operation(run).includes('table_as_select');
}
