import type { ChatClient, ChatSnapshot } from '@parley/client';
import { createContext, type ReactNode, use, useSyncExternalStore } from 'react';

const ChatContext = createContext<ChatClient | null>(null);

export function ChatProvider({ chat, children }: { chat: ChatClient; children: ReactNode }) {
  return <ChatContext value={chat}>{children}</ChatContext>;
}

export function useChatClient(): ChatClient {
  const chat = use(ChatContext);
  if (!chat) throw new Error('there is no ChatProvider around this component');
  return chat;
}

/** A part of the chat's state; the component renders again when that part is another object. */
export function useChat<T>(select: (snapshot: ChatSnapshot) => T): T {
  const chat = useChatClient();
  return useSyncExternalStore(chat.subscribe, () => select(chat.getSnapshot()));
}
