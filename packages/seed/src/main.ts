// `npm run seed`: see its usage.
import { type Command, integerOption, parseOptions, runCommand } from '@parley/load-kit/command';
import { SCENES, SMALL_TALK } from './example-conversations.ts';
import { CAST, PASSWORD, type PersonName } from './example-users.ts';
import { Stage } from './write-conversations.ts';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_LOBBY_MESSAGES = 60;

const USAGE = `usage: npm run seed -- [options]
Fills a cluster that runs with people and conversations, through its public address, as if they had been written there.
A second run adds nothing.

  --target URL  the cluster (${DEFAULT_URL})
  --lobby N     how many messages the lobby gets (${DEFAULT_LOBBY_MESSAGES})
  --help

Afterwards log in as any of ${Object.keys(CAST).join(', ')} with the password ${PASSWORD}.
Exit code: 0 when it was filled, 2 when it could not be.`;

const OPTIONS = { target: { type: 'string' }, lobby: { type: 'string' }, help: { type: 'boolean' } } as const;

await runCommand('the seed', async (command) => {
  const { values } = parseOptions(process.argv.slice(2), OPTIONS);
  if (values.help) {
    command.print(USAGE);
    return 0;
  }
  const lobbyMessages = integerOption('--lobby', values.lobby, 0, 1_000_000) ?? DEFAULT_LOBBY_MESSAGES;
  await fill(values.target ?? DEFAULT_URL, lobbyMessages, command);
  return 0;
});

async function fill(url: string, lobbyMessages: number, { print, report, signal }: Command): Promise<void> {
  const names = Object.keys(CAST) as PersonName[];
  const stage = new Stage(url, signal);
  try {
    await stage.enter(names);
    report(`${names.length} people are in`);
    const [first] = SCENES;
    if (first && stage.has(first)) {
      print(`${url} has the example conversations already.`);
      return;
    }
    for (const scene of SCENES) {
      signal.throwIfAborted();
      await stage.play(scene);
      report(`${scene.title ?? scene.people.map((name) => CAST[name]).join(' and ')}: ${scene.lines.length} lines`);
    }
    for (let index = 0; index < lobbyMessages; index += 1) {
      signal.throwIfAborted();
      const name = names[(index * 5 + Math.floor(index / 7)) % names.length] as PersonName;
      await stage.sayInLobby(name, SMALL_TALK[index % SMALL_TALK.length] ?? '');
    }
    report(`the lobby: ${lobbyMessages} messages`);
    print(`Done. Log in at ${url} as any of ${names.join(', ')} with the password ${PASSWORD}.`);
  } finally {
    stage.leave();
  }
}
