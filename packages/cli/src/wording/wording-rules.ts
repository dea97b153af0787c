/** A wording that `npm run check` refuses, because it is not idiomatic or because the field has a term for it. */
export interface WordingRule {
  readonly pattern: RegExp;
  /** The words to write instead. */
  readonly instead: string;
  /** The paths to which the rule is limited. */
  readonly within?: RegExp;
}

const PLAIN_SENTENCE = 'a plain sentence: subject, verb, object';
const LOG_PATHS = /^packages\/(message-log|message-worker)\//;

/** Every rule, each with the `g` flag. `\s+` between two words lets a phrase continue on the next line. */
export const WORDING_RULES: readonly WordingRule[] = [
  // Sentences that open with a relative clause. Questions are allowed.
  {
    pattern:
      /(?<=(?:^|[‖.!;:]|\n[ \t]*\n)\s*)(?:What|Who|Whom|Whose|Whatever|Of whom|Those who|Those that)\s+[a-z▯][^.!?‖]*(?!\?)[.!‖]/g,
    instead: PLAIN_SENTENCE,
  },
  {
    pattern: /(?<=‖)(?:what|who|whose|whatever|of whom|those who|those that)\s+[a-z]/g,
    instead: PLAIN_SENTENCE,
  },
  { pattern: /\b(?:whoever|whosoever|of\s+whom|of\s+those\s+who)\b/gi, instead: PLAIN_SENTENCE },
  { pattern: /\bfor\s+good\b/gi, instead: 'permanently' },
  { pattern: /\bnow\s+and\s+then\b/gi, instead: 'periodically, or the interval' },
  { pattern: /\bas\s+(?:it|they)\s+(?:is|are|was|were)\s+now\b/gi, instead: 'the current …' },
  {
    pattern: /\b(?:is|are|was|were|be|been|being|stays|stayed)\s+away\b/gi,
    instead: 'unavailable (a service); has the status "away" (a user)',
  },
  { pattern: /\bin\s+hand\b/gi, instead: 'claimed, pending' },
  { pattern: /\b(?:lets?|letting)\s+go\s+of\b/gi, instead: 'releases' },
  {
    pattern:
      /\b(?:give|gives|gave|given|giving)\s+back\b|\b(?:give|gives|gave|given|giving)\s+(?:it|them|places?|slots?)\s+back\b/gi,
    instead: 'release (a lease), return (a value)',
  },
  {
    pattern:
      /\b(?:take|takes|took|taken|taking)\s+over\b|\b(?:take|takes|took|taken|taking)\s+(?:it|them|entries)\s+over\b/gi,
    instead: 'reclaim (log entries)',
    within: LOG_PATHS,
  },
  {
    pattern: /\b(?:carry|carries|carried|carrying)\s+(?:out|on)\b/gi,
    instead: 'process, execute, inject (a fault), continue',
  },
  { pattern: /\bso\s+(?!that\b|as\b|far\b)\w+\s+that\b/gi, instead: 'two sentences' },
  { pattern: /\b(?:its|their)\s+own\s+business\b/gi, instead: 'private' },
  { pattern: /\bmay\s+be\s+had\b/gi, instead: 'is available' },
  { pattern: /\bof\s+late\b/gi, instead: 'recently' },
  {
    pattern: /\b(?:is|are|was|were|be|been)\s+told\b|\b(?:tells|told)\b(?!\s+(?:apart|from))/gi,
    instead: 'notifies, reports, sends',
  },
  { pattern: /\b(?:all\s+the\s+same|nevertheless|anew|meanwhile)\b/gi, instead: 'a plain sentence; "again" for anew' },
  { pattern: /\b(?:comes|come|came)\s+back\b/gi, instead: 'returns, reconnects, is available again' },
  { pattern: /\b(?:goes|went)\s+on\b/gi, instead: 'continues' },
  { pattern: /\bas\s+far\s+as\b/gi, instead: 'up to, to the extent, or leave it out' },
  { pattern: /\bthe\s+present\b(?!\s+(?:directory|time))/gi, instead: 'the current' },
  { pattern: /\bstands\b(?!\s+(?:for|in))/gi, instead: 'is' },
  { pattern: /\bby\s+itself\b|\bby\s+themselves\b/gi, instead: 'automatically, or the part that does it' },
  { pattern: /\bhears?\b|\bheard\b/gi, instead: 'receives' },
  { pattern: /\bdeaf\b/gi, instead: 'not subscribed' },

  // Terms: see "Terms" in docs/glossary.md.
  { pattern: /\bturnstiles?\b/gi, instead: 'concurrency limiter' },
  { pattern: /(?<!cspell:ignore )\bpassports?\b/gi, instead: 'message trace' },
  { pattern: /\bunseeded\b/gi, instead: 'head unknown' },
  {
    pattern: /\bseed(?:s|ed|ing)?\b/gi,
    instead: 'initialise (a head)',
    within: /^packages\/(message-log|message-worker|message-store|chat-server)\//,
  },
  {
    pattern: /\b(?:knockers?|breakables?|presumes?|presumed|contenders?)\b/gi,
    instead: 'rejected client, fault target, cached membership, system under test',
  },
  {
    pattern:
      /\b(?:stored\s+marks?|system\s+lines?|member\s+notices?|node\s+bus|loop\s+load|machine\s+load|socket\s+relay|message\s+fates?|kept\s+messages?)\b/gi,
    instead: 'the term of docs/glossary.md',
  },

  // British spelling.
  {
    pattern:
      /\b(?:behavior|favor|neighbor|color(?!\s*[:=-])|(?:initial|util|recogn|normal|serial|organ|synchron|author|optim|summar)iz(?:e|es|ed|ing|ation))\b/g,
    instead: 'British spelling: behaviour, initialise',
  },
];
