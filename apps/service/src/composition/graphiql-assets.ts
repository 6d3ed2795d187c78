/** The page: a query, its variables, a token, the answer, and the schema to look things up in. */
export const GRAPHIQL_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign GraphiQL</title>
<link rel="stylesheet" href="/graphiql/page.css">
</head>
<body>
<header>
<h1>Countersign GraphiQL</h1>
<label>Access token <input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="npx countersign token --as ana@acme"></label>
<button id="run" type="button">Run (Ctrl+Enter)</button>
</header>
<main>
<section>
<label for="query">Query</label>
<textarea id="query" spellcheck="false"></textarea>
<label for="variables">Variables (JSON)</label>
<textarea id="variables" spellcheck="false"></textarea>
</section>
<section>
<label for="answer">Answer <span id="status" role="status"></span></label>
<pre id="answer" tabindex="0"></pre>
</section>
<section>
<label for="find">Schema</label>
<input id="find" type="search" placeholder="Type or field">
<div id="schema"></div>
</section>
</main>
<script src="/graphiql/page.js"></script>
</body>
</html>
`;

export const GRAPHIQL_STYLE = `body { font: 14px system-ui, sans-serif; margin: 0; height: 100vh; display: flex; flex-direction: column; }
header { display: flex; gap: 1rem; align-items: center; padding: .5rem 1rem; border-bottom: 1px solid #999; flex-wrap: wrap; }
h1 { font-size: 1rem; margin: 0; }
main { flex: 1; display: grid; grid-template-columns: 1fr 1fr 20rem; min-height: 0; }
section { display: flex; flex-direction: column; padding: .5rem; gap: .25rem; min-height: 0; }
textarea, pre, #schema { font: 13px ui-monospace, monospace; border: 1px solid #999; margin: 0; padding: .5rem; overflow: auto; }
#query { flex: 3; } #variables { flex: 1; } #answer, #schema { flex: 1; white-space: pre-wrap; }
#token { width: 22rem; } dt { font-weight: bold; margin-top: .5rem; } dd { margin: 0 0 0 1rem; }
@media (max-width: 60rem) { main { grid-template-columns: 1fr; overflow: auto; } section { min-height: 20rem; } }
`;

export const GRAPHIQL_SCRIPT = `'use strict';
const byId = (id) => document.getElementById(id);
const kept = (id, standIn) => { byId(id).value = sessionStorage.getItem(id) ?? standIn; };
kept('query', '{\\n  me { id displayName tenant { slug } roles }\\n  checkpoint { size rootHash signedAt }\\n  entries(last: 10) { nodes { sequence type subject recordedAt actor { displayName } } }\\n}');
kept('variables', '{}');
kept('token', '');

async function ask(query, variables) {
  const token = byId('token').value.trim();
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) },
    body: JSON.stringify({ query, variables }),
  });
  return answer.json();
}

async function run() {
  for (const id of ['query', 'variables', 'token']) sessionStorage.setItem(id, byId(id).value);
  const begun = performance.now();
  byId('status').textContent = '...';
  try {
    const answer = await ask(byId('query').value, JSON.parse(byId('variables').value || '{}'));
    byId('answer').textContent = JSON.stringify(answer, null, 2);
    byId('status').textContent = Math.round(performance.now() - begun) + ' ms';
  } catch (error) {
    byId('answer').textContent = String(error);
    byId('status').textContent = 'failed';
  }
}
byId('run').addEventListener('click', run);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
});

const TYPE = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }';
const SCHEMA = '{ __schema { types { name kind description enumValues { name description } inputFields { name description type { ' + TYPE + ' } } fields { name description args { name type { ' + TYPE + ' } } type { ' + TYPE + ' } } } } }';
const typeText = (type) => type.kind === 'NON_NULL' ? typeText(type.ofType) + '!' : type.kind === 'LIST' ? '[' + typeText(type.ofType) + ']' : type.name;
let types = [];
ask(SCHEMA, {}).then(({ data }) => {
  types = (data?.__schema.types ?? []).filter((type) => !type.name.startsWith('__'));
  show('');
});
function show(wanted) {
  const list = document.createElement('dl');
  const word = wanted.toLowerCase();
  for (const type of types) {
    const members = [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])];
    const shown = type.name.toLowerCase().includes(word) ? members : members.filter((one) => one.name.toLowerCase().includes(word));
    if (shown.length === 0) continue;
    const name = document.createElement('dt');
    name.textContent = type.name;
    name.title = type.description ?? '';
    list.append(name);
    for (const one of shown) {
      const line = document.createElement('dd');
      const args = (one.args ?? []).map((arg) => arg.name + ': ' + typeText(arg.type)).join(', ');
      line.textContent = one.name + (args ? '(' + args + ')' : '') + (one.type ? ': ' + typeText(one.type) : '');
      line.title = one.description ?? '';
      list.append(line);
    }
  }
  byId('schema').replaceChildren(list);
}
byId('find').addEventListener('input', (event) => show(event.target.value));
`;
