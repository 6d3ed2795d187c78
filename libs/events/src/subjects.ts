/**
 * Subjects of entries and objects of access decisions share one spelling. Each variable part is
 * percent-encoded into one segment, so a name with a slash cannot reach into another subject.
 */
const segment = (text: string): string => encodeURIComponent(text);

export const subjects = {
  model: (name: string) => `model/${segment(name)}`,
  modelVersion: (name: string, version: string) =>
    `model/${segment(name)}/version/${segment(version)}`,
  alias: (name: string, alias: string) => `model/${segment(name)}/alias/${segment(alias)}`,
  prompt: (name: string) => `prompt/${segment(name)}`,
  promptVersion: (name: string, version: string) =>
    `prompt/${segment(name)}/version/${segment(version)}`,
  promptAlias: (name: string, alias: string) => `prompt/${segment(name)}/alias/${segment(alias)}`,
  run: (runId: string) => `run/${segment(runId)}`,
  request: (id: string) => `request/${segment(id)}`,
  source: (id: string) => `source/${segment(id)}`,
  principal: (id: string) => `principal/${segment(id)}`,
  grant: (id: string) => `grant/${segment(id)}`,
  delivery: (id: string) => `delivery/${segment(id)}`,
  tenant: 'tenant',
  ledger: 'ledger',
  policy: 'policy',
} as const;
