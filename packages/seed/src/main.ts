// `npm run seed`: see its usage.
import { type Command, integerOption, parseOptions, runCommand } from '@parley/load-kit/command';
import { EXAMPLE_CONVERSATIONS, LOBBY_MESSAGES } from './example-conversations.ts';
import { EXAMPLE_USERS, type ExampleUsername, PASSWORD } from './example-users.ts';
import { ConversationWriter } from './write-conversations.ts';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_LOBBY_MESSAGES = 60;

const USAGE = `usage: npm run seed -- [options]
Fills a cluster that runs with members and conversations, through its public address, as if they had been written there.
A second run adds nothing.

  --target URL  the cluster (${DEFAULT_URL})
  --lobby N     how many messages the lobby gets (${DEFAULT_LOBBY_MESSAGES})
  --help

Afterwards log in as any of ${Object.keys(EXAMPLE_USERS).join(', ')} with the password ${PASSWORD}.
Exit code: 0 when it was filled, 2 when it could not be.`;

const OPTIONS = { target: { type: 'string' }, lobby: { type: 'string' }, help: { type: 'boolean' } } as const;

await runCommand('the seed', async (command) => {
  const { values } = parseOptions(process.argv.slice(2), OPTIONS);
  if (values.help) {
    command.print(USAGE);
    return 0;
  }
  const lobbyMessages = integerOption('--lobby', values.lobby, 0, 1_000_000) ?? DEFAULT_LOBBY_MESSAGES;
  await writeExampleData(values.target ?? DEFAULT_URL, lobbyMessages, command);
  return 0;
});

async function writeExampleData(url: string, lobbyMessages: number, { print, report, signal }: Command): Promise<void> {
  const names = Object.keys(EXAMPLE_USERS) as ExampleUsername[];
  const writer = new ConversationWriter(url, signal);
  try {
    await writer.connectAll(names);
    report(`${names.length} members are in`);
    const [first] = EXAMPLE_CONVERSATIONS;
    if (first && writer.exists(first)) {
      print(`${url} exists the example conversations already.`);
      return;
    }
    for (const conversation of EXAMPLE_CONVERSATIONS) {
      signal.throwIfAborted();
      await writer.write(conversation);
      report(
        `${conversation.title ?? conversation.members.map((name) => EXAMPLE_USERS[name]).join(' and ')}: ${conversation.steps.length} steps`,
      );
    }
    for (let index = 0; index < lobbyMessages; index += 1) {
      signal.throwIfAborted();
      const name = names[(index * 5 + Math.floor(index / 7)) % names.length] as ExampleUsername;
      await writer.sendToLobby(name, LOBBY_MESSAGES[index % LOBBY_MESSAGES.length] ?? '');
    }
    report(`the lobby: ${lobbyMessages} messages`);
    print(`Done. Log in at ${url} as any of ${names.join(', ')} with the password ${PASSWORD}.`);
  } finally {
    writer.closeAll();
  }
}
