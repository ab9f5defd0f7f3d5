/**
 * Terraform with the real google provider, which is not built here but found: in the folder that TERRAFORM_PROVIDER_GOOGLE names,
 * or where `terraform init` in infra/ left it.
 */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PROGRAM = 'terraform';
const PROVIDER = /^terraform-provider-google(?:_v\S+)?$/;

export interface Terraform {
  /** Not in the foreground: what it asks may be answered by the test itself. */
  run(folder: string, ...args: string[]): Promise<{ code: number; output: string }>;
  close(): void;
}

export function hasTerraform(): boolean {
  return spawnSync(PROGRAM, ['version'], { env: environment({}) }).status === 0;
}

/** What `terraform fmt` would change; it needs no provider. */
export function formatProblems(folder: string): string {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['fmt', '-check', '-recursive', '-diff', folder], {
    encoding: 'utf8',
    env: environment({}),
  });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

export const NO_PROVIDER =
  'TERRAFORM_PROVIDER_GOOGLE names no folder of the google provider, and infra/.terraform has none';
export const NO_TERRAFORM = 'terraform is not here';

/** The folder of the provider's program, or undefined where it is not here. */
export function findProvider(): string | undefined {
  const named = process.env.TERRAFORM_PROVIDER_GOOGLE;
  const left = join(ROOT, 'infra/.terraform/providers');
  const candidates = named
    ? [named]
    : existsSync(left)
      ? readdirSync(left, { recursive: true, encoding: 'utf8' }).map((path) => dirname(join(left, path)))
      : [];
  return candidates.find((folder) => existsSync(folder) && readdirSync(folder).some((name) => PROVIDER.test(name)));
}

/** Installs nothing: the one provider is taken from its folder, and anything else would be an error. */
export function openTerraform(provider: string): Terraform {
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-terraform-'));
  const settings = join(folder, 'terraform.rc');
  writeFileSync(
    settings,
    `provider_installation {
  dev_overrides {
    "hashicorp/google" = ${JSON.stringify(provider)}
  }
  direct {
    exclude = ["*/*/*"]
  }
}
`,
  );
  return {
    run: (cwd, ...args) =>
      new Promise((resolve, reject) => {
        const options = { cwd, maxBuffer: 64 * 1024 * 1024, env: environment({ TF_CLI_CONFIG_FILE: settings }) };
        execFile(PROGRAM, args, options, (error, stdout, stderr) => {
          const code = error ? error.code : 0;
          if (typeof code === 'number') resolve({ code, output: `${stdout}${stderr}` });
          else reject(error);
        });
      }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Nothing of whoever runs the tests: no settings, no credentials, and no question to anybody. */
function environment(own: Record<string, string>): Record<string, string | undefined> {
  const rest = Object.entries(process.env).filter(([name]) => !/^(TF_|GOOGLE_|CLOUDSDK_)/.test(name));
  return { ...Object.fromEntries(rest), CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', ...own };
}
