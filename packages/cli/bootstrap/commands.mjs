const JEST_NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

const STOP = 'Ctrl-C (SIGINT, SIGTERM) stops it and all processes that it has started.';

/**
 * The commands of the repository, by the name of their npm script.
 *
 * - `summary`: one line for the list of commands.
 * - `usage`: printed for `--help` before anything is installed; a command without it prints its own.
 * - `takesNoArguments`: arguments are refused with the usage.
 * - `programs`: the system programs that it needs.
 * - `scripts`: the scripts that it runs one after the other, with their arguments, on the workspace's Node.
 */
export const COMMANDS = {
  start: {
    summary: 'run the whole cluster on this machine',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/local-cluster/src/main.ts', ...args]],
  },
  dev: {
    summary: 'run the cluster; services restart and the page is built again when sources change',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/local-cluster/src/dev.ts', ...args]],
  },
  test: {
    summary: 'run the tests',
    usage: `usage: npm test [-- jest arguments]
Builds the web client and runs the tests with jest, for example: npm test -- packages/leases
Tests start their own Redis, nginx, browsers and clusters on free ports. Tests of MongoDB are skipped unless MONGODB_URL is set
or mongod is installed. ${STOP}`,
    programs: ['redis-server', 'nginx', 'chromium'],
    env: { NODE_OPTIONS: [process.env.NODE_OPTIONS, JEST_NODE_OPTIONS].filter(Boolean).join(' ') },
    scripts: (args) => [['packages/cli/src/build-web-client.ts'], ['node_modules/jest/bin/jest.js', ...args]],
  },
  check: {
    summary: 'check format, types, import directions, wording and generated documents',
    usage: `usage: npm run check
Checks everything that can be judged without running the code: format, lint, types, import directions,
folder cycles, spelling and wording, generated documents, Prometheus configuration and rules. Prints one line for
each check. Exit code: 0 if all pass.`,
    takesNoArguments: true,
    programs: [],
    scripts: () => [['packages/cli/src/check.ts']],
  },
  format: {
    summary: 'format the sources and apply safe lint fixes',
    usage: `usage: npm run format [-- biome arguments]
Formats the sources with Biome and applies its safe lint fixes.`,
    programs: [],
    scripts: (args) => [['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.', ...args]],
  },
  docs: {
    summary: 'write the generated documents',
    usage: `usage: npm run docs
Writes the documents that are generated from the code. npm run check fails if one is out of date.`,
    takesNoArguments: true,
    programs: [],
    scripts: () => [['packages/reference-docs/src/write-docs.ts']],
  },
  chaos: {
    summary: 'run load and faults against a cluster, and check the result',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/chaos/src/main.ts', ...args]],
  },
  bench: {
    summary: 'run a benchmark',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/bench/src/main.ts', ...args]],
  },
  fuzz: {
    summary: 'send hostile input to a cluster, and check that nothing breaks',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/fuzz/src/main.ts', ...args]],
  },
  attacks: {
    summary: 'repeat the attacks that once succeeded, and compare healthy users before and during each',
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/fuzz/src/known-attacks/main.ts', ...args]],
  },
  artillery: {
    summary: 'run an Artillery scenario',
    programs: ['redis-server', 'nginx'],
    largePackages: ['artillery-runtime'],
    scripts: (args) => [['packages/artillery/src/main.ts', ...args]],
  },
  seed: {
    summary: 'write example data to a running cluster',
    programs: [],
    scripts: (args) => [['packages/seed/src/main.ts', ...args]],
  },
};

const NPM_NAMES = { start: 'npm start', test: 'npm test' };
const width = Math.max(...Object.keys(COMMANDS).map((name) => `npm run ${name}`.length));
const list = Object.entries(COMMANDS).map(
  ([name, { summary }]) => `  ${(NPM_NAMES[name] ?? `npm run ${name}`).padEnd(width)}  ${summary}`,
);

export const USAGE = `usage: npm run COMMAND [-- --yes] [-- arguments]
       node packages/cli/bootstrap.mjs COMMAND [--yes] [arguments]
${list.join('\n')}
Options:
  --yes   install missing system programs without asking
  --help  describe the command`;
