import type { ExampleUsername } from './example-users.ts';

/** One action in a conversation. `to` is the index of an earlier step: the message that is replied to, reacted to or edited. */
export type Step =
  | { readonly user: ExampleUsername; readonly text: string; readonly to?: number }
  | { readonly user: ExampleUsername; readonly emoji: string; readonly to: number }
  | { readonly user: ExampleUsername; readonly newText: string; readonly to: number };

export interface ExampleConversation {
  /** undefined = a direct conversation between the two members. */
  readonly title: string | undefined;
  /** The first member creates the conversation. */
  readonly members: readonly [ExampleUsername, ExampleUsername, ...ExampleUsername[]];
  readonly steps: readonly Step[];
}

const message = (user: ExampleUsername, text: string, to?: number): Step => ({
  user,
  text,
  ...(to !== undefined && { to }),
});
const reaction = (user: ExampleUsername, emoji: string, to: number): Step => ({ user, emoji, to });
const edit = (user: ExampleUsername, newText: string, to: number): Step => ({ user, newText, to });

export const EXAMPLE_CONVERSATIONS: readonly ExampleConversation[] = [
  {
    title: 'Garden club',
    members: ['dana', 'gustav', 'ines', 'lou', 'kavya', 'bo'],
    steps: [
      message('dana', 'The tomatoes in bed 3 have something on their leaves again. Brown spots, yellow around them.'),
      message('gustav', 'Early blight, I would bet. Did it rain on Thursday where you are?'),
      message('dana', 'All afternoon.'),
      message(
        'gustav',
        'Take off the lower leaves and do not put them on the compost. I have copper spray if you want some.',
        0,
      ),
      reaction('dana', '🙏', 3),
      message(
        'ines',
        'We had the same last year. More *space* helped: every second plant out, and mulch against splashing earth.',
      ),
      message('lou', 'Every second plant 😱'),
      reaction('kavya', '😂', 6),
      message('kavya', 'मेरे टमाटर ठीक हैं, लेकिन मिर्च में कीड़े लग गए हैं। कोई उपाय?'),
      message('ines', 'For aphids on peppers: soap water in the evening, three days in a row.', 8),
      message('bo', 'Work day is on Saturday at 9. I will bring the long ladder and cinnamon buns.'),
      reaction('lou', '🎉', 10),
      reaction('gustav', '👍', 10),
      reaction('dana', '🎉', 10),
      edit('bo', 'Work day is on Saturday at 10. I will bring the long ladder and cinnamon buns.', 10),
      message('lou', 'At 10 I believe you.', 10),
    ],
  },
  {
    title: 'Release 2.4',
    members: ['ada', 'chidi', 'emre', 'jonas', 'hana'],
    steps: [
      message(
        'ada',
        'The release branch is cut. Freeze for features from now on; fixes go to `main` first and are picked over.',
      ),
      message('chidi', 'Picked over by whom?'),
      message('ada', 'By the author of the fix. With a test, please.', 1),
      message(
        'jonas',
        'The import is slow with large files. I have a profile:\n```\n 41 %  parseRow\n 22 %  JSON.parse\n 18 %  (garbage collector)\n```',
      ),
      message('hana', '`parseRow` は行ごとに正規表現を作り直していますね。ループの外に出せば速くなります。', 3),
      reaction('jonas', '🤦', 4),
      message('jonas', 'Outside the loop it takes 0.9 s instead of 6. Thank you!', 4),
      reaction('hana', '🎉', 6),
      reaction('ada', '🚀', 6),
      message(
        'emre',
        'Numbers of the night: 1,204 tests, 0 failures, 3 skipped. Report: https://example.org/reports/2.4/night-3',
      ),
      message('chidi', 'Which three?'),
      message('emre', 'The ones with a second database. I will run them by hand tonight.', 10),
      message('ada', 'Then we ship tomorrow at 11 if nothing turns up. Chidi has the pager.'),
      reaction('chidi', '📟', 12),
    ],
  },
  {
    title: 'Hike on Sunday',
    members: ['lou', 'ines', 'jonas', 'bo', 'farah', 'hana', 'chidi'],
    steps: [
      message('lou', 'Who is in for the lake round? 14 km, 500 m up, a swim half-way.'),
      message('ines', 'In!'),
      message('jonas', 'In, if somebody has a seat in a car.'),
      message('bo', 'I have three seats. 7:30 at the station?', 2),
      reaction('jonas', '👍', 3),
      message('farah', 'أنا معكم إن شاء الله. هل الطريق مناسب للمبتدئين؟'),
      message('lou', 'Yes, one steep half hour, the rest is easy. Bring sticks if you have some.', 5),
      reaction('farah', '❤️', 6),
      message('hana', '日曜日は雨の予報ですが…'),
      message('lou', 'Only until nine, says the Norwegian forecast. Optimism! ☀️', 8),
      message('chidi', 'The Norwegian forecast said that last time.'),
      reaction('bo', '😂', 10),
      reaction('ines', '😂', 10),
    ],
  },
  {
    title: undefined,
    members: ['ada', 'chidi'],
    steps: [
      message('chidi', 'Do you have a minute for the retry loop? I think it can send twice when the ack is lost.'),
      message(
        'ada',
        'It can, and that is fine: the second one has the same `clientMessageId`, so the server takes it once.',
      ),
      message('chidi', 'Even on another server?'),
      message('ada', 'Even there. The id is looked up in the same step that gives the number.', 2),
      reaction('chidi', '🤯', 3),
      message('chidi', 'Then I will delete forty lines. Best day of the week.'),
    ],
  },
  {
    title: undefined,
    members: ['dana', 'lou'],
    steps: [
      message('lou', 'Can you water my balcony from the 3rd to the 10th? 🌿'),
      message('dana', 'Of course. Key under the usual frog?'),
      message('lou', 'The frog has moved. It is behind the blue pot now.'),
      reaction('dana', '🐸', 2),
      message('dana', 'If the lemon dies it was the weather.'),
    ],
  },
  {
    title: undefined,
    members: ['hana', 'kavya'],
    steps: [
      message('hana', 'The slides for Tuesday are in the folder. Slide 12 needs your numbers.'),
      message('kavya', 'You get them tonight. Is 4:3 still a thing there?'),
      message('hana', '16:9 now, finally.', 1),
      reaction('kavya', '👏', 2),
    ],
  },
  {
    title: undefined,
    members: ['emre', 'jonas'],
    steps: [
      message('emre', 'Kahve?'),
      message('jonas', 'In ten minutes. This test is almost green.'),
      message('emre', 'You said that at nine.', 1),
      reaction('jonas', '😅', 2),
    ],
  },
];

/** Texts for the messages in the lobby, used in turn. */
export const LOBBY_MESSAGES: readonly string[] = [
  'Good morning, everyone!',
  'Does anybody know whether the library is open on Monday?',
  'It is, from ten to six.',
  'The lift is out of order again. Good for the legs.',
  'Somebody left a red umbrella in the meeting room.',
  'Mine! Thank you, I come by.',
  'Soup today: pumpkin. Recommended. 🎃',
  'The build is green. I repeat: the build is green.',
  'Who has the key to the bicycle cellar?',
  'Happy birthday, Inês! 🎂',
  'Obrigada a todos! Há bolo na cozinha.',
  'Is there a way to mute the hallway?',
  'Headphones.',
  'The printer on the second floor prints only hearts since this morning.',
  'I call that a feature.',
  'See you all tomorrow.',
];
