import { useNetwork } from '@mantine/hooks';
import { useChat } from '../chat-context.tsx';

/** Whether the client is connected. Also uses the browser's network state, which shows a lost network earlier. */
export function useIsOnline(): boolean {
  const hasNetwork = useNetwork().online;
  return useChat(({ connection }) => connection.phase === 'online') && hasNetwork;
}
