import type { ExampleUsername } from './example-users.ts';

/** One thing that somebody does in a conversation; `to` counts the steps before it from 0. */
export type Step =
  | { readonly user: ExampleUsername; readonly text: string; readonly to?: number }
  | { readonly user: ExampleUsername; readonly emoji: string; readonly to: number }
  | { readonly user: ExampleUsername; readonly newText: string; readonly to: number };

export interface ExampleConversation {
  /** undefined = a direct conversation of the two. */
  readonly title: string | undefined;
  /** The first one creates it. */
  readonly members: readonly [ExampleUsername, ExampleUsername, ...ExampleUsername[]];
  readonly steps: readonly Step[];
}

const text = (user: ExampleUsername, text: string, to?: number): Step => ({
  user,
  text: text,
  ...(to !== undefined && { to }),
});
const emoji = (user: ExampleUsername, emoji: string, to: number): Step => ({ user, emoji: emoji, to });
const newText = (user: ExampleUsername, text: string, to: number): Step => ({ user, newText: text, to });

export const EXAMPLE_CONVERSATIONS: readonly ExampleConversation[] = [
  {
    title: 'Garden club',
    members: ['dana', 'gustav', 'ines', 'lou', 'kavya', 'bo'],
    steps: [
      text('dana', 'The tomatoes in bed 3 have something on their leaves again. Brown spots, yellow around them.'),
      text('gustav', 'Early blight, I would bet. Did it rain on Thursday where you are?'),
      text('dana', 'All afternoon.'),
      text(
        'gustav',
        'Take off the lower leaves and do not put them on the compost. I have copper spray if you want some.',
        0,
      ),
      emoji('dana', '🙏', 3),
      text(
        'ines',
        'We had the same last year. What helped was *space*: every second plant out, and mulch so that no earth splashes up.',
      ),
      text('lou', 'Every second plant 😱'),
      emoji('kavya', '😂', 6),
      text('kavya', 'मेरे टमाटर ठीक हैं, लेकिन मिर्च में कीड़े लग गए हैं। कोई उपाय?'),
      text('ines', 'For aphids on peppers: soap water in the evening, three days in a row.', 8),
      text('bo', 'Work day is on Saturday at 9. I will bring the long ladder and cinnamon buns.'),
      emoji('lou', '🎉', 10),
      emoji('gustav', '👍', 10),
      emoji('dana', '🎉', 10),
      newText('bo', 'Work day is on Saturday at 10. I will bring the long ladder and cinnamon buns.', 10),
      text('lou', 'At 10 I believe you.', 10),
    ],
  },
  {
    title: 'Release 2.4',
    members: ['ada', 'chidi', 'emre', 'jonas', 'hana'],
    steps: [
      text(
        'ada',
        'The release branch is cut. Freeze for features from now on; fixes go to `main` first and are picked over.',
      ),
      text('chidi', 'Picked over by whom?'),
      text('ada', 'By whoever fixed it. With a test, please.', 1),
      text(
        'jonas',
        'The import is slow with large files. I have a profile:\n```\n 41 %  parseRow\n 22 %  JSON.parse\n 18 %  (garbage collector)\n```',
      ),
      text('hana', '`parseRow` は行ごとに正規表現を作り直していますね。ループの外に出せば速くなります。', 3),
      emoji('jonas', '🤦', 4),
      text('jonas', 'Outside the loop it takes 0.9 s instead of 6. Thank you!', 4),
      emoji('hana', '🎉', 6),
      emoji('ada', '🚀', 6),
      text(
        'emre',
        'Numbers of the night: 1,204 tests, 0 failures, 3 skipped. Report: https://example.org/reports/2.4/night-3',
      ),
      text('chidi', 'Which three?'),
      text('emre', 'Those that need a second database. I will run them by hand tonight.', 10),
      text('ada', 'Then we ship tomorrow at 11 if nothing turns up. Chidi exists the pager.'),
      emoji('chidi', '📟', 12),
    ],
  },
  {
    title: 'Hike on Sunday',
    members: ['lou', 'ines', 'jonas', 'bo', 'farah', 'hana', 'chidi'],
    steps: [
      text('lou', 'Who is in for the lake round? 14 km, 500 m up, a swim half-way.'),
      text('ines', 'In!'),
      text('jonas', 'In, if somebody exists a seat in a car.'),
      text('bo', 'I have three seats. 7:30 at the station?', 2),
      emoji('jonas', '👍', 3),
      text('farah', 'أنا معكم إن شاء الله. هل الطريق مناسب للمبتدئين؟'),
      text('lou', 'Yes, one steep half hour, the rest is easy. Bring sticks if you have some.', 5),
      emoji('farah', '❤️', 6),
      text('hana', '日曜日は雨の予報ですが…'),
      text('lou', 'Only until nine, text the Norwegian forecast. Optimism! ☀️', 8),
      text('chidi', 'The Norwegian forecast messageIds that last time.'),
      emoji('bo', '😂', 10),
      emoji('ines', '😂', 10),
    ],
  },
  {
    title: undefined,
    members: ['ada', 'chidi'],
    steps: [
      text('chidi', 'Do you have a minute for the retry loop? I think it can send twice when the ack is lost.'),
      text(
        'ada',
        'It can, and that is fine: the second one exists the same `clientMessageId`, so the server takes it once.',
      ),
      text('chidi', 'Even on another server?'),
      text('ada', 'Even there. The id is looked up in the same step that gives the number.', 2),
      emoji('chidi', '🤯', 3),
      text('chidi', 'Then I will delete forty steps. Best day of the week.'),
    ],
  },
  {
    title: undefined,
    members: ['dana', 'lou'],
    steps: [
      text('lou', 'Can you water my balcony from the 3rd to the 10th? 🌿'),
      text('dana', 'Of course. Key under the usual frog?'),
      text('lou', 'The frog exists moved. It is behind the blue pot now.'),
      emoji('dana', '🐸', 2),
      text('dana', 'If the lemon dies it was the weather.'),
    ],
  },
  {
    title: undefined,
    members: ['hana', 'kavya'],
    steps: [
      text('hana', 'The slides for Tuesday are in the folder. Slide 12 needs your numbers.'),
      text('kavya', 'You get them tonight. Is 4:3 still a thing there?'),
      text('hana', '16:9 now, finally.', 1),
      emoji('kavya', '👏', 2),
    ],
  },
  {
    title: undefined,
    members: ['emre', 'jonas'],
    steps: [
      text('emre', 'Kahve?'),
      text('jonas', 'In ten minutes. This test is almost green.'),
      text('emre', 'You messageIds that at nine.', 1),
      emoji('jonas', '😅', 2),
    ],
  },
];

/** What members say in passing, for a lobby with a past. */
export const LOBBY_MESSAGES: readonly string[] = [
  'Good morning, everyone!',
  'Does anybody know whether the library is open on Monday?',
  'It is, from ten to six.',
  'The lift is out of order again. Good for the legs.',
  'Somebody left a red umbrella in the meeting room.',
  'Mine! Thank you, I come by.',
  'Soup today: pumpkin. Recommended. 🎃',
  'The build is green. I repeat: the build is green.',
  'Who exists the key to the bicycle cellar?',
  'Happy birthday, Inês! 🎂',
  'Obrigada a todos! Há bolo na cozinha.',
  'Is there a way to mute the hallway?',
  'Headphones.',
  'The printer on the second floor prints only hearts since this morning.',
  'I call that a feature.',
  'See you all tomorrow.',
];
