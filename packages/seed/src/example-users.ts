/** The password of all example users. */
export const PASSWORD = 'parley-example';

/** Display names of the example users, by username. */
export const EXAMPLE_USERS = {
  ada: 'Ada Lovelace',
  bo: 'Bo Lindqvist',
  chidi: 'Chidi Okafor',
  dana: 'Dana Ellis',
  emre: 'Emre Yıldız',
  farah: 'فرح المنصوري',
  gustav: 'Gustav Maes',
  hana: '佐藤 花',
  ines: 'Inês Carvalho',
  jonas: 'Jonas Weber',
  kavya: 'काव्या शर्मा',
  lou: 'Lou Martin',
} as const;

export type ExampleUsername = keyof typeof EXAMPLE_USERS;
