// `npm run seed`
import { ParleyError } from '@parley/client';
import { type Command, integerOption, parseOptions, runCommand } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import { EXAMPLE_CONVERSATIONS, LOBBY_MESSAGES } from './example-conversations.ts';
import { EXAMPLE_USERS, type ExampleUsername, PASSWORD } from './example-users.ts';
import { ConversationWriter } from './write-conversations.ts';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_LOBBY_MESSAGES = 60;

const MAX_LOBBY_MESSAGES = 1_000_000;

const USAGE = `usage: npm run seed -- [options]

Writes example users, conversations and messages to a running cluster through its public API. A second run changes nothing.

Options:
  --target URL  the cluster's public address (default: ${DEFAULT_URL})
  --lobby N     number of messages in the lobby, 0 to ${MAX_LOBBY_MESSAGES} (default: ${DEFAULT_LOBBY_MESSAGES})
  --help        print this text

The users are ${Object.keys(EXAMPLE_USERS).join(', ')}. Their password is ${PASSWORD}.

Ctrl-C stops the command. Messages that were written so far remain.
Exit code: 0 = done, 2 = failed, 130 = stopped.`;

const OPTIONS = { target: { type: 'string' }, lobby: { type: 'string' }, help: { type: 'boolean' } } as const;

await runCommand('seed', async (command) => {
  const { values } = parseOptions(process.argv.slice(2), OPTIONS);
  if (values.help) {
    command.print(USAGE);
    return 0;
  }
  const url = values.target ?? DEFAULT_URL;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new ConfigError(`--target is "${url}"; allowed: a URL such as ${DEFAULT_URL}`);
  const lobbyMessages = integerOption('--lobby', values.lobby, 0, MAX_LOBBY_MESSAGES) ?? DEFAULT_LOBBY_MESSAGES;
  try {
    await writeExampleData(url, lobbyMessages, command);
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'UNAVAILABLE') throw error;
    throw new ConfigError(
      `cannot reach a cluster at ${url}; start one with npm start, or name another with --target URL`,
    );
  }
  return 0;
});

async function writeExampleData(url: string, lobbyMessages: number, { print, report, signal }: Command): Promise<void> {
  const names = Object.keys(EXAMPLE_USERS) as ExampleUsername[];
  const writer = new ConversationWriter(url, signal);
  try {
    await writer.connectAll(names);
    report(`${names.length} users connected`);
    const [first] = EXAMPLE_CONVERSATIONS;
    if (first && writer.exists(first)) {
      print(`${url} already has the example conversations.`);
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
    print(`Done. Log in at ${url} as ${names.join(', ')}; password: ${PASSWORD}`);
  } finally {
    writer.closeAll();
  }
}
