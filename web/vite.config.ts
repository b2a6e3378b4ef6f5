/** Builds the page into the Python package that serves it. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

const OUTPUT = '../aperture/graphiql_static';
const FILES = ['index.html', 'package-lock.json', 'tsconfig.json', 'vite.config.ts'];
const FOLDERS = ['../aperture/examples', 'src', 'src/operations'];

/** Leaves a digest of the sources beside the build, so that a test can tell when the build is older. */
function sourceDigest(): Plugin {
  return {
    name: 'source-digest',
    closeBundle() {
      const digest = createHash('sha256');
      for (const path of sources()) digest.update(`${path}\n`).update(readFileSync(path));
      writeFileSync(`${OUTPUT}/sources.sha256`, `${digest.digest('hex')}\n`);
    },
  };
}

function sources(): string[] {
  const inside = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${folder}/${entry.name}`),
  );
  return [...FILES, ...inside].sort();
}

export default defineConfig({
  base: '/graphiql/',
  plugins: [sourceDigest()],
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
});
