/** The user name and the password that an address may hold. */

export interface Credentials {
  username: string;
  password: string;
}

/** Both empty where the address holds none; undefined where a percent sign in them begins no sign of UTF-8. */
export function credentialsOf({ username, password }: Pick<URL, 'username' | 'password'>): Credentials | undefined {
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}
