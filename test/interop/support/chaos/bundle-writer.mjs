// node bundle-writer.mjs OUT: one JavaScript file of the writer. Compiled at each start it would cost more than a round.
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';
import nodeExternals from 'webpack-node-externals';

const out = process.argv[2];
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..', '..');

const stats = await new Promise((resolve, reject) => {
  rspack(
    {
      mode: 'none',
      target: 'node20',
      context: root,
      entry: join(here, 'writer.ts'),
      output: {
        path: dirname(out),
        filename: basename(out),
        module: true,
        chunkFormat: 'module',
        library: { type: 'module' },
      },
      externals: [nodeExternals({ importType: 'module' })],
      externalsPresets: { node: true },
      resolve: {
        extensions: ['.ts', '.js'],
        extensionAlias: { '.js': ['.ts', '.js'] },
        tsConfig: join(root, 'tsconfig.json'),
      },
      module: {
        rules: [
          {
            test: /\.ts$/,
            loader: 'builtin:swc-loader',
            options: {
              jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
            },
            type: 'javascript/auto',
          },
        ],
      },
    },
    (error, result) => (error ? reject(error) : resolve(result)),
  );
});
if (stats.hasErrors()) {
  process.stderr.write(stats.toString({ all: false, errors: true }));
  process.exitCode = 1;
}
