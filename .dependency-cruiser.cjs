// The import directions between packages and folders. `npm run check` refuses all other imports.
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

const BASE = ['protocol', 'service-kit'];
const STATE = ['leases', 'message-log', 'fan-out', 'presence', 'message-store'];

/** Package → the packages that its sources may import. Services are in no list: nothing imports them. */
const MAY_IMPORT = {
  protocol: [],
  'service-kit': ['protocol'],

  leases: BASE,
  'message-log': BASE,
  'fan-out': BASE,
  presence: BASE,
  'message-store': BASE,
  'api-docs': BASE,
  monitoring: BASE,
  'reference-docs': [...BASE, 'api-docs', 'monitoring'],

  'chat-server': [...BASE, ...STATE, 'api-docs'],
  'message-worker': [...BASE, ...STATE],
  'presence-service': [...BASE, ...STATE],

  client: ['protocol'],
  'web-client': ['client', 'protocol'],
  examples: ['client', 'protocol'],

  'local-cluster': BASE,
  cli: [...BASE, 'local-cluster'],
  e2e: [...BASE, 'local-cluster'],
  'load-kit': [...BASE, 'client', 'local-cluster'],
  chaos: [...BASE, 'client', 'local-cluster', 'load-kit'],
  bench: [...BASE, 'client', 'local-cluster', 'load-kit'],
  fuzz: [...BASE, 'local-cluster', 'load-kit'],
  artillery: [...BASE, 'client', 'local-cluster', 'load-kit'],
  seed: [...BASE, 'client', 'load-kit'],
  'artillery-runtime': [],
  testing: ['protocol', 'client'],
};

/**
 * Package → its folders that have an order: each imports only from folders to its right. Files beside the folders are shared by all and
 * import from none of them; the entry points import from all.
 */
const FOLDERS = {
  'chat-server': {
    entryPoints: ['main', 'chat-server'],
    folders: [
      'start',
      'rest',
      'events',
      'presence',
      'conversations',
      'admission',
      'delivery',
      'accounts',
      'limits',
      'engine-io',
    ],
  },
};

const packages = readdirSync(join(__dirname, 'packages')).filter((name) =>
  existsSync(join(__dirname, 'packages', name, 'package.json')),
);
for (const name of packages) {
  if (!MAY_IMPORT[name]) throw new Error(`packages/${name} has no row in .dependency-cruiser.cjs`);
}
for (const name of [...Object.keys(MAY_IMPORT), ...Object.values(MAY_IMPORT).flat()]) {
  if (!packages.includes(name)) throw new Error(`.dependency-cruiser.cjs names packages/${name}, which does not exist`);
}

/** Tests, and the files that only tests use: contracts, fixtures, the package `testing`. */
const TESTS = '\\.(test|contract)\\.tsx?$|^packages/[^/]+/tests/|^packages/testing/';

/** The random generator and the Redis topologies that the load tools share with the tests. */
const SHARED_WITH_LOAD_TOOLS = '^packages/testing/src/(seeded-random|redis-servers)\\.ts$';

/**
 * The documents are generated from the tables of settings and metrics of all processes, and the dashboards are checked against
 * the metrics. Only these two read a table inside another package.
 */
const TABLES = '^packages/[^/]+/src/(config|metrics)\\.ts$|^packages/local-cluster/src/settings\\.ts$';
const TABLE_READERS = '^packages/(monitoring/tests|reference-docs)/';

const folderRules = Object.entries(FOLDERS).flatMap(([name, { entryPoints, folders }]) => {
  const src = `^packages/${name}/src`;
  const entry = `${src}/(${entryPoints.join('|')})\\.ts$`;
  return [
    ...folders.map((folder, index) => ({
      name: `rooms-of-${name}-${folder}`,
      comment: `${folder} may import from ${folders.slice(index + 1).join(', ') || 'no other folder'}. Calls the other way go through interfaces passed at the start.`,
      severity: 'error',
      from: { path: `${src}/${folder}/`, pathNot: TESTS },
      to: {
        path: `${src}/`,
        pathNot: [`${src}/(${folders.slice(index).join('|')})/`, `${src}/(?!(${entryPoints.join('|')})\\.ts$)[^/]+$`],
      },
    })),
    {
      name: `shared-files-of-${name}`,
      comment: 'A file that all folders share imports from none of them.',
      severity: 'error',
      from: { path: `${src}/[^/]+$`, pathNot: [TESTS, entry] },
      to: { path: [`${src}/[^/]+/`, entry] },
    },
  ];
});

const anyOf = (names) => `^packages/(${names.join('|')})/`;

module.exports = {
  forbidden: [
    ...packages.map((name) => ({
      name: `imports-of-${name}`,
      comment: `${name} may import ${MAY_IMPORT[name].join(', ') || 'no other package'}; its tests also testing and local-cluster.`,
      severity: 'error',
      from: { path: anyOf([name]), pathNot: TABLE_READERS },
      to: { path: '^packages/', pathNot: anyOf([name, 'testing', 'local-cluster', ...MAY_IMPORT[name]]) },
    })),
    {
      name: 'only-tests-import-testing',
      comment: 'Code that helps tests must not run in production.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { path: '^packages/testing/', pathNot: SHARED_WITH_LOAD_TOOLS },
    },
    {
      name: 'only-tests-import-local-cluster',
      comment: 'Only tests, load tests and commands start a whole cluster.',
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot: `${TESTS}|^packages/(local-cluster|cli|load-kit|chaos|bench|fuzz|artillery|reference-docs)/`,
      },
      to: { path: '^packages/local-cluster/' },
    },
    {
      name: 'packages-by-their-index',
      comment:
        "A package is imported through its index.ts; its other files are private. The protocol's constants are an exception.",
      severity: 'error',
      from: { path: '^packages/([^/]+)/', pathNot: TABLE_READERS },
      to: {
        path: '^packages/',
        pathNot:
          '^packages/$1/|^packages/[^/]+/src/index\\.ts$|^packages/protocol/src/constants\\.ts$|^packages/load-kit/src/([^/]+/index|redis-servers|seeded-random)\\.ts$|^packages/testing/src/(redis-servers|seeded-random|jest/global-(setup|teardown))\\.ts$',
      },
    },
    {
      name: 'table-readers',
      comment: 'The readers of the tables import nothing else from a service.',
      severity: 'error',
      from: { path: TABLE_READERS },
      to: {
        path: '^packages/',
        pathNot: [anyOf(['reference-docs', 'testing', ...MAY_IMPORT['reference-docs']]), TABLES],
      },
    },
    {
      name: 'sources-without-tests',
      comment: 'Sources never import a test or its fixtures.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { path: TESTS, pathNot: SHARED_WITH_LOAD_TOOLS },
    },
    ...folderRules,
    {
      name: 'no-cycles',
      comment: 'Two modules that import each other are one module, or share a third one that is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'declared-dependencies',
      comment: 'An import must exist, and the package.json of the package must name it.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { dependencyTypesNot: ['npm-optional'], couldNotResolve: true },
    },
    {
      name: 'no-development-dependencies',
      comment: 'Code that runs in production must not import devDependencies.',
      severity: 'error',
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: `${TESTS}|^packages/(monitoring|reference-docs|web-client|examples)/`,
      },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc', // dependency-cruiser cannot use TypeScript 7
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'browser', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
