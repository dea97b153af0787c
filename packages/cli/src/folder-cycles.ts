import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

/** The relative imports of each source file. Paths are relative to the package's `src`. */
export type Imports = ReadonlyMap<string, readonly string[]>;

export interface FolderCycle {
  /** The folder whose entries form the cycle; '' = `src` itself. */
  readonly folder: string;
  /** The folders and files in it. */
  readonly members: readonly string[];
  /** One import for each pair of them. */
  readonly examples: readonly { readonly from: string; readonly to: string }[];
}

const SOURCE = /(?<!\.d)\.(ts|tsx|mjs)$/;
const TEST = /\.(test|contract)\.tsx?$/;
const RELATIVE_IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** Reads the imports of all sources below a directory, without tests. Returns none if the directory does not exist. */
export function readImports(directory: string): Imports {
  const imports = new Map<string, string[]>();
  if (!existsSync(directory)) return imports;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !SOURCE.test(entry.name) || TEST.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const specifiers = Array.from(readFileSync(file, 'utf8').matchAll(RELATIVE_IMPORT), ([, path]) => path as string);
    const targets = specifiers.map((path) => relative(directory, join(dirname(file), path)));
    imports.set(
      relative(directory, file),
      targets.filter((target) => !target.startsWith('..')),
    );
  }
  return imports;
}

/**
 * Finds cycles between the entries of each folder. An import counts for the deepest folder that contains both files, as an import
 * between the two entries that lead to them. Cycles between single files are not reported: dependency-cruiser finds those.
 */
export function findFolderCycles(imports: Imports): FolderCycle[] {
  const graphs = new Map<string, Map<string, Map<string, { from: string; to: string }>>>();
  for (const [from, targets] of imports) {
    for (const to of targets.map((target) => normalize(target))) {
      const [folder, fromEntry, toEntry] = divergence(from, to);
      if (fromEntry === toEntry) continue;
      const graph = graphs.get(folder) ?? new Map();
      graphs.set(folder, graph);
      const edges = graph.get(fromEntry) ?? new Map();
      graph.set(fromEntry, edges);
      if (!edges.has(toEntry)) edges.set(toEntry, { from, to });
    }
  }
  return [...graphs].flatMap(([folder, graph]) =>
    cyclesOf(graph)
      .filter((members) => members.some((member) => !SOURCE.test(member)))
      .map((members) => ({
        folder,
        members,
        examples: members.flatMap((member) =>
          [...(graph.get(member) ?? [])].filter(([to]) => members.includes(to)).map(([, example]) => example),
        ),
      })),
  );
}

/** Returns the deepest folder that contains both files, and the entries in it that lead to them. */
function divergence(from: string, to: string): [folder: string, fromEntry: string, toEntry: string] {
  const [fromParts, toParts] = [from.split('/'), to.split('/')];
  let depth = 0;
  while (depth < fromParts.length - 1 && depth < toParts.length - 1 && fromParts[depth] === toParts[depth]) depth += 1;
  return [fromParts.slice(0, depth).join('/'), fromParts[depth] ?? '', toParts[depth] ?? ''];
}

/** Returns the groups of nodes that can all reach each other. */
function cyclesOf(graph: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string[][] {
  const reachable = new Map([...graph.keys()].map((node) => [node, reachableFrom(graph, node)]));
  const cycles = new Map<string, string[]>();
  for (const node of [...graph.keys()].sort()) {
    const members = [...(reachable.get(node) ?? [])].filter((other) => reachable.get(other)?.has(node)).sort();
    if (members.length > 1) cycles.set(members.join(' '), members);
  }
  return [...cycles.values()];
}

function reachableFrom(graph: ReadonlyMap<string, ReadonlyMap<string, unknown>>, start: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [start];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const next of graph.get(node)?.keys() ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return seen;
}
