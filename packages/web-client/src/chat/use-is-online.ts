import { useNetwork } from '@mantine/hooks';
import { useChat } from '../chat-context.tsx';

/** Whether there is a connection. That it has ended is known only after a while, where the network went without a word. */
export function useIsOnline(): boolean {
  const hasNetwork = useNetwork().online;
  return useChat(({ connection }) => connection.phase === 'online') && hasNetwork;
}
