import {
  type ChatClient,
  type ConnectionState,
  type ConversationView,
  deliveryStateOf,
  LOBBY_ID,
  ParleyError,
} from '@parley/client';
import type { User } from '@parley/protocol';
import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';

/** The whole page: a form to join, then the lobby. */
export function App({ chat }: { chat: ChatClient }) {
  // The snapshot is replaced as a whole after each change, which is what React needs to render it.
  const { login, connection, views, users } = useSyncExternalStore(chat.subscribe, chat.getSnapshot);
  if (login === 'resuming') return <p>Loading …</p>;
  if (login === 'signed-out') return <JoinForm chat={chat} />;
  const lobby = views.get(LOBBY_ID);
  return (
    <main>
      <h1>Lobby</h1>
      <output>{statusText(connection)}</output>
      <Lobby chat={chat} view={lobby} users={users} />
    </main>
  );
}

function JoinForm({ chat }: { chat: ChatClient }) {
  const [error, setError] = useState('');
  const join = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name'));
    // The message of a ParleyError is written for people.
    await chat
      .joinAsGuest(name)
      .catch((cause) => setError(cause instanceof ParleyError ? cause.message : String(cause)));
  };
  return (
    <form onSubmit={join}>
      <label>
        Your name <input name="name" required />
      </label>
      <button type="submit">Join</button>
      <p role="alert">{error}</p>
    </form>
  );
}

function Lobby(props: { chat: ChatClient; view: ConversationView | undefined; users: ReadonlyMap<string, User> }) {
  const { chat, view, users } = props;
  // Opening a conversation loads its newest page and marks it as read.
  useEffect(() => void chat.open(LOBBY_ID), [chat]);
  if (!view) return <p>Loading …</p>;
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // Works without a connection, too: the library keeps the message and sends it later.
    chat.send(LOBBY_ID, String(new FormData(event.currentTarget).get('text')));
    event.currentTarget.reset();
  };
  return (
    <>
      <ul>
        {view.timeline.map(({ message, text, isDeleted }) => (
          <li key={message.id}>
            <b>{users.get(message.senderId)?.displayName ?? 'Someone'}</b> {isDeleted ? 'deleted a message' : text}{' '}
            <small>{deliveryStateOf(view, message, [])}</small>
          </li>
        ))}
        {view.pending.map(({ clientMessageId, text, state, error }) => (
          <li key={clientMessageId}>
            {text} <small>{error?.message ?? state}</small>
          </li>
        ))}
      </ul>
      <form onSubmit={send}>
        <input name="text" aria-label="Message" required maxLength={4000} />
        <button type="submit">Send</button>
      </form>
    </>
  );
}

function statusText(connection: ConnectionState): string {
  if (connection.phase === 'online') return 'Connected';
  if (connection.phase === 'waiting') return `The cluster is full. Your position in the queue: ${connection.position}`;
  if (connection.phase === 'idle-ended')
    return 'You were inactive while others were waiting. Send a message to continue.';
  if (connection.phase === 'offline') return connection.error.message;
  return connection.phase;
}
