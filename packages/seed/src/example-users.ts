/** Who the example conversations are between. They can be logged in as: all of them have the same password. */
export const PASSWORD = 'parley-example';

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
