import type { ChatClient, ChatSnapshot } from '@parley/client';
import { createContext, type ReactNode, use, useSyncExternalStore } from 'react';

const ChatContext = createContext<ChatClient | null>(null);

export function ChatProvider({ chat, children }: { chat: ChatClient; children: ReactNode }) {
  return <ChatContext value={chat}>{children}</ChatContext>;
}

export function useChatClient(): ChatClient {
  const chat = use(ChatContext);
  if (!chat) throw new Error('useChatClient needs a ChatProvider');
  return chat;
}

/** Selects a part of the snapshot. The component renders again when the selected value changes. */
export function useChat<T>(select: (snapshot: ChatSnapshot) => T): T {
  const chat = useChatClient();
  return useSyncExternalStore(chat.subscribe, () => select(chat.getSnapshot()));
}
