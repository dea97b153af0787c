import { ChatScreen } from './chat/chat-screen.tsx';
import { useChat } from './chat-context.tsx';
import { LoadingScreen } from './screens/loading-screen.tsx';
import { OtherSessionScreen } from './screens/other-session-screen.tsx';
import { WaitingRoomScreen } from './screens/waiting-room-screen.tsx';
import { WelcomeScreen } from './screens/welcome/welcome-screen.tsx';

/** Shows the screen for the current state of the login and the connection. */
export function App() {
  const login = useChat((chat) => chat.login);
  const phase = useChat((chat) => chat.connection.phase);
  const hasBeenOnline = useChat((chat) => chat.hasBeenOnline);
  if (login === 'resuming') return <LoadingScreen />;
  if (login === 'signed-out') return <WelcomeScreen />;
  if (phase === 'waiting') return <WaitingRoomScreen />;
  if (phase === 'already-connected' || phase === 'replaced') return <OtherSessionScreen />;
  if ((phase === 'connecting' || phase === 'offline') && !hasBeenOnline) return <LoadingScreen />;
  return <ChatScreen />;
}
