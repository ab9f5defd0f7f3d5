/** Whoever types the commands of docs/deploy.md, from its first line to its last, is never refused for an API that is off. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { INFRA, quoted } from './hcl.ts';

const DEPLOY = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');

/** By the beginning of a command; '' where no API of the project is asked. The longest that fits counts. */
const API_OF: Readonly<Record<string, string>> = {
  auth: '',
  components: '',
  config: '',
  // Asked under a project of gcloud's own.
  billing: '',
  services: '',
  'services identity': 'serviceusage',
  'services vpc-peerings': 'servicenetworking',
  builds: 'cloudbuild',
  compute: 'compute',
  projects: 'cloudresourcemanager',
  run: 'run',
  secrets: 'secretmanager',
  storage: 'storage',
};

interface Command {
  words: string;
  project: string;
  at: number;
}

/** On a line of its own, behind a pipe, and between backticks in a sentence; lines that end with a backslash go on. */
function commandsOf(page: string): Command[] {
  return [
    ...page
      .replaceAll('\\\n', '  ')
      .matchAll(/(?<=^ *|\| |`)(gcloud (?:beta )?([^`|;\n]+)|terraform apply relay\.tfplan)/gm),
  ].map(([, whole = '', words = whole], at) => ({
    words,
    project: /--project=(\S+)/.exec(whole)?.[1] ?? 'acme-security',
    at,
  }));
}

/** Each command that needs an API of a project which no command before it has turned on. */
function refused(page: string): string[] {
  // Whoever shares a network has one.
  const on = new Set(['acme-network compute', 'acme-network cloudresourcemanager']);
  const module = quoted(/apis = concat\(\[([\s\S]*?)\]/.exec(readFileSync(join(INFRA, 'apis.tf'), 'utf8'))?.[1] ?? '');
  const turnOn = (project: string, names: readonly string[]): void => {
    for (const name of names) on.add(`${project} ${name.replace('.googleapis.com', '')}`);
  };
  return commandsOf(page).flatMap(({ words, project }) => {
    if (words.startsWith('terraform')) turnOn(project, module);
    const [, enabled] = /^services enable (.*)/.exec(words) ?? [];
    if (enabled)
      turnOn(
        project,
        enabled.split(/\s+/).filter((word) => word.includes('.googleapis.com')),
      );
    if (words.startsWith('terraform') || enabled) return [];
    const [key] = Object.keys(API_OF)
      .filter((beginning) => `${words} `.startsWith(`${beginning} `))
      .sort((a, b) => b.length - a.length);
    if (key === undefined) return [`gcloud ${words}: which API does it ask?`];
    const api = API_OF[key];
    return api === '' || on.has(`${project} ${api}`) ? [] : [`gcloud ${words}: ${api} is not on in ${project}`];
  });
}

test('each gcloud command comes after its API was turned on', () => {
  expect(commandsOf(DEPLOY).length).toBeGreaterThan(15);
  expect(refused(DEPLOY)).toEqual([]);
});

test.each([
  ['gcloud services enable pubsub.googleapis.com\ngcloud secrets create a', 'secretmanager is not on in acme-security'],
  ['echo | gcloud secrets create a', 'secretmanager is not on'],
  [
    'gcloud services enable run.googleapis.com --project=acme-prod\ngcloud run deploy',
    'run is not on in acme-security',
  ],
  ['gcloud unheard of', 'which API does it ask?'],
])('a page that does not is found out: %s', (page, problem) => {
  expect(refused(page)).toEqual([expect.stringContaining(problem)]);
});

test('Terraform is signed in before it runs, and so is the trial', () => {
  const signIn = DEPLOY.indexOf('gcloud auth application-default login');
  expect(signIn).toBeGreaterThan(0);
  expect(signIn).toBeLessThan(DEPLOY.indexOf('terraform init'));
  expect(signIn).toBeLessThan(DEPLOY.indexOf('gcloud services enable'));
});
