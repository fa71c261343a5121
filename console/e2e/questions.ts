/** SQL that finds what a test looks at. */

/** The value that most events name. */
export const mostSeen = (column: string): string =>
  `SELECT ${column} FROM events WHERE ${column} IS NOT NULL GROUP BY ${column} ORDER BY count(*) DESC, ${column} LIMIT 1`;
