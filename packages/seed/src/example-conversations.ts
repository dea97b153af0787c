import type { PersonName } from './example-users.ts';

/** One thing that somebody does in a conversation; `to` counts the lines before it from 0. */
export type Line =
  | { readonly who: PersonName; readonly says: string; readonly to?: number }
  | { readonly who: PersonName; readonly reacts: string; readonly to: number }
  | { readonly who: PersonName; readonly edits: string; readonly to: number };

export interface Scene {
  /** undefined = a direct conversation of the two. */
  readonly title: string | undefined;
  /** The first one creates it. */
  readonly people: readonly [PersonName, PersonName, ...PersonName[]];
  readonly lines: readonly Line[];
}

const says = (who: PersonName, text: string, to?: number): Line => ({
  who,
  says: text,
  ...(to !== undefined && { to }),
});
const reacts = (who: PersonName, emoji: string, to: number): Line => ({ who, reacts: emoji, to });
const edits = (who: PersonName, text: string, to: number): Line => ({ who, edits: text, to });

export const SCENES: readonly Scene[] = [
  {
    title: 'Garden club',
    people: ['dana', 'gustav', 'ines', 'lou', 'kavya', 'bo'],
    lines: [
      says('dana', 'The tomatoes in bed 3 have something on their leaves again. Brown spots, yellow around them.'),
      says('gustav', 'Early blight, I would bet. Did it rain on Thursday where you are?'),
      says('dana', 'All afternoon.'),
      says(
        'gustav',
        'Take off the lower leaves and do not put them on the compost. I have copper spray if you want some.',
        0,
      ),
      reacts('dana', '🙏', 3),
      says(
        'ines',
        'We had the same last year. What helped was *space*: every second plant out, and mulch so that no earth splashes up.',
      ),
      says('lou', 'Every second plant 😱'),
      reacts('kavya', '😂', 6),
      says('kavya', 'मेरे टमाटर ठीक हैं, लेकिन मिर्च में कीड़े लग गए हैं। कोई उपाय?'),
      says('ines', 'For aphids on peppers: soap water in the evening, three days in a row.', 8),
      says('bo', 'Work day is on Saturday at 9. I will bring the long ladder and cinnamon buns.'),
      reacts('lou', '🎉', 10),
      reacts('gustav', '👍', 10),
      reacts('dana', '🎉', 10),
      edits('bo', 'Work day is on Saturday at 10. I will bring the long ladder and cinnamon buns.', 10),
      says('lou', 'At 10 I believe you.', 10),
    ],
  },
  {
    title: 'Release 2.4',
    people: ['ada', 'chidi', 'emre', 'jonas', 'hana'],
    lines: [
      says(
        'ada',
        'The release branch is cut. Freeze for features from now on; fixes go to `main` first and are picked over.',
      ),
      says('chidi', 'Picked over by whom?'),
      says('ada', 'By whoever fixed it. With a test, please.', 1),
      says(
        'jonas',
        'The import is slow with large files. I have a profile:\n```\n 41 %  parseRow\n 22 %  JSON.parse\n 18 %  (garbage collector)\n```',
      ),
      says('hana', '`parseRow` は行ごとに正規表現を作り直していますね。ループの外に出せば速くなります。', 3),
      reacts('jonas', '🤦', 4),
      says('jonas', 'Outside the loop it takes 0.9 s instead of 6. Thank you!', 4),
      reacts('hana', '🎉', 6),
      reacts('ada', '🚀', 6),
      says(
        'emre',
        'Numbers of the night: 1,204 tests, 0 failures, 3 skipped. Report: https://example.org/reports/2.4/night-3',
      ),
      says('chidi', 'Which three?'),
      says('emre', 'Those that need a second database. I will run them by hand tonight.', 10),
      says('ada', 'Then we ship tomorrow at 11 if nothing turns up. Chidi has the pager.'),
      reacts('chidi', '📟', 12),
    ],
  },
  {
    title: 'Hike on Sunday',
    people: ['lou', 'ines', 'jonas', 'bo', 'farah', 'hana', 'chidi'],
    lines: [
      says('lou', 'Who is in for the lake round? 14 km, 500 m up, a swim half-way.'),
      says('ines', 'In!'),
      says('jonas', 'In, if somebody has a seat in a car.'),
      says('bo', 'I have three seats. 7:30 at the station?', 2),
      reacts('jonas', '👍', 3),
      says('farah', 'أنا معكم إن شاء الله. هل الطريق مناسب للمبتدئين؟'),
      says('lou', 'Yes, one steep half hour, the rest is easy. Bring sticks if you have some.', 5),
      reacts('farah', '❤️', 6),
      says('hana', '日曜日は雨の予報ですが…'),
      says('lou', 'Only until nine, says the Norwegian forecast. Optimism! ☀️', 8),
      says('chidi', 'The Norwegian forecast said that last time.'),
      reacts('bo', '😂', 10),
      reacts('ines', '😂', 10),
    ],
  },
  {
    title: undefined,
    people: ['ada', 'chidi'],
    lines: [
      says('chidi', 'Do you have a minute for the retry loop? I think it can send twice when the ack is lost.'),
      says(
        'ada',
        'It can, and that is fine: the second one has the same `clientMessageId`, so the server takes it once.',
      ),
      says('chidi', 'Even on another server?'),
      says('ada', 'Even there. The id is looked up in the same step that gives the number.', 2),
      reacts('chidi', '🤯', 3),
      says('chidi', 'Then I will delete forty lines. Best day of the week.'),
    ],
  },
  {
    title: undefined,
    people: ['dana', 'lou'],
    lines: [
      says('lou', 'Can you water my balcony from the 3rd to the 10th? 🌿'),
      says('dana', 'Of course. Key under the usual frog?'),
      says('lou', 'The frog has moved. It is behind the blue pot now.'),
      reacts('dana', '🐸', 2),
      says('dana', 'If the lemon dies it was the weather.'),
    ],
  },
  {
    title: undefined,
    people: ['hana', 'kavya'],
    lines: [
      says('hana', 'The slides for Tuesday are in the folder. Slide 12 needs your numbers.'),
      says('kavya', 'You get them tonight. Is 4:3 still a thing there?'),
      says('hana', '16:9 now, finally.', 1),
      reacts('kavya', '👏', 2),
    ],
  },
  {
    title: undefined,
    people: ['emre', 'jonas'],
    lines: [
      says('emre', 'Kahve?'),
      says('jonas', 'In ten minutes. This test is almost green.'),
      says('emre', 'You said that at nine.', 1),
      reacts('jonas', '😅', 2),
    ],
  },
];

/** What people say in passing, for a lobby with a past. */
export const SMALL_TALK: readonly string[] = [
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
