import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { linkOrCopy } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

describe('perl', () => {
  sameAsKernel(mounted, {
    name: 'opens, reads, renames, walks and runs programs',
    needs: ['perl'],
    script: `perl -MFile::Find -MFile::Copy -MFile::Temp=tempfile -MFcntl=:flock,SEEK_SET -e '
      open(my $f, "+>", "f") or die $!; print $f "line $_\\n" for 1..1000; flock($f, LOCK_EX) or die $!; seek($f, 0, SEEK_SET); my @l = <$f>; print scalar(@l), " ", $l[500]; close $f;
      open($f, ">>", "f"); print $f "last\\n"; close $f; print -s "f", " ", (-d "." ? "dir" : ""), (-e "none" ? "" : " none"), "\\n";
      mkdir "d" or die; mkdir "d/$_" for 1..5; copy("f", "d/$_/c") for 1..5; move("d/1/c", "d/moved"); symlink("moved", "d/l"); ${linkOrCopy('link', 'copy')}("f", "d/hard"); print readlink("d/l"), " ", (stat("f"))[3], "\\n";
      my @found; find({wanted => sub { push @found, $File::Find::name }, no_chdir => 0}, "d"); print join(" ", sort @found), "\\n"; print join(" ", sort glob("d/*/c")), "\\n";
      opendir(my $h, "d"); print join(" ", sort readdir $h), "\\n"; print \`tail -1 f; wc -l < d/2/c\`; open(my $p, "|-", "cat > piped") or die; print $p "through\\n"; close $p; print \`cat piped\`;
      truncate("f", 10); print -s "f", "\\n"; utime(100, 200, "f"); print((stat "f")[9], "\\n"); unlink("d/hard", "piped") == 2 or die; rename("d/2", "d/two") or die; rmdir("d/3") and die; print "$!\\n" if !open(my $n, "<", "d/3/none");
      my $pid = fork; if (!$pid) { open(my $c, ">", "child"); print $c "child"; close $c; exit 3 } waitpid($pid, 0); print $? >> 8, \`cat child\`, "\\n";
      { local $^I = ".bak"; local @ARGV = ("d/moved"); while (<>) { s/line/LINE/; print; last if $. > 5 } } exec("cat", "d/moved.bak") if fork == 0; wait; print "end\\n"' | sha256sum`,
  });
});

describe('node', () => {
  // The node that runs the tests.
  const node = JSON.stringify(process.execPath);
  sameAsKernel(mounted, {
    name: 'fs: synchronous, promises and streams',
    needs: ['node'],
    script: `cat > main.mjs <<'END'
import fs from 'node:fs'; import { promises as fsp } from 'node:fs'; import { pipeline } from 'node:stream/promises'; import { createGzip, gunzipSync } from 'node:zlib'; import crypto from 'node:crypto';
fs.writeFileSync('a', 'x'.repeat(100000)); fs.appendFileSync('a', 'end'); console.log(fs.readFileSync('a').length, fs.statSync('a').size, fs.existsSync('none'));
fs.mkdirSync('d/e/f', { recursive: true }); fs.symlinkSync('../a', 'd/l'); fs.${linkOrCopy('linkSync', 'copyFileSync')}('a', 'd/h'); console.log(fs.readlinkSync('d/l'), fs.statSync('a').nlink, fs.realpathSync('d/l') === process.cwd() + '/a', fs.realpathSync.native('d/l') === process.cwd() + '/a');
const fd = fs.openSync('b', 'w+', 0o640); console.log(fs.writeSync(fd, 'hello', 3), fs.readSync(fd, Buffer.alloc(20), 0, 20, 0), fs.fstatSync(fd).mode.toString(8)); fs.ftruncateSync(fd, 4); fs.futimesSync(fd, 1, 2); fs.fsyncSync(fd); fs.closeSync(fd); console.log(fs.statSync('b').mtimeMs);
await Promise.all(Array.from({ length: 200 }, (_, i) => fsp.writeFile('d/e/' + i, String(i).repeat(i)))); console.log((await fsp.readdir('d/e')).length, (await Promise.all(Array.from({ length: 200 }, (_, i) => fsp.readFile('d/e/' + i, 'utf8')))).join('').length);
const h = await fsp.open('c', 'a+'); await h.appendFile('one\\n'); await h.write('two\\n'); console.log((await h.stat()).size); await h.close(); for await (const line of (await fsp.open('c')).readLines()) console.log(line);
await pipeline(fs.createReadStream('a'), createGzip(), fs.createWriteStream('a.gz')); console.log(gunzipSync(fs.readFileSync('a.gz')).length); await pipeline(fs.createReadStream('a', { start: 10, end: 19 }), fs.createWriteStream('part')); console.log(fs.readFileSync('part', 'utf8'));
console.log(fs.readdirSync('d', { withFileTypes: true }).map((e) => [e.name, e.isFile(), e.isDirectory(), e.isSymbolicLink()].join()).sort().join(' ')); await fsp.cp('d', 'copy', { recursive: true, verbatimSymlinks: true }); console.log(fs.readdirSync('copy', { recursive: true }).length);
for await (const e of await fsp.opendir('copy')) if (e.name === 'l') console.log('found', e.name); await fsp.rename('copy/h', 'moved'); await fsp.copyFile('moved', 'copied', fs.constants.COPYFILE_EXCL); console.log(crypto.createHash('sha256').update(fs.readFileSync('copied')).digest('hex'));
await fsp.rm('copy', { recursive: true }); for (const f of [() => fsp.open('none'), () => fsp.mkdir('a'), () => fsp.rmdir('d'), () => fsp.unlink('d'), () => fsp.readdir('a'), () => fsp.copyFile('a', 'b', fs.constants.COPYFILE_EXCL)]) await f().catch((e) => console.log(e.code));
const t = fs.mkdtempSync('tmp-'); fs.rmdirSync(t); await fsp.truncate('a', 10); fs.accessSync('a', fs.constants.W_OK); console.log(fs.statSync('a', { bigint: true }).size, fs.statfsSync('.').bsize > 0);
END
      ${node} main.mjs; rm a.gz`,
  });
  sameAsKernel(mounted, {
    name: 'child processes with files as their standard streams, and modules of the directory',
    needs: ['node'],
    script: `
      mkdir -p node_modules/m; echo 'module.exports = 6 * 7' > node_modules/m/index.js; echo '{"a": [1, 2]}' > data.json
      cat > main.cjs <<'END'
const { spawnSync, execSync, fork, spawn } = require('node:child_process'); const fs = require('node:fs'); const { Worker } = require('node:worker_threads');
console.log(require('m'), require('./data.json').a.length); const out = fs.openSync('out', 'a'); fs.writeSync(out, 'node\\n');
spawnSync('sh', ['-c', 'echo child; echo err >&2'], { stdio: ['ignore', out, out] }); fs.writeSync(out, 'node again\\n'); console.log(fs.readFileSync('out', 'utf8'), execSync('cat', { stdio: [fs.openSync('out', 'r'), 'pipe', 'inherit'] }).length);
fs.mkdirSync('sub', { recursive: true });
console.log(execSync('pwd | grep -o "/sub$"; echo made > made', { cwd: 'sub' }).toString(), fs.readFileSync('sub/made', 'utf8'));
if (!process.send) { const c = fork(__filename, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }); c.on('message', (m) => console.log('child said', m)); c.on('exit', (code) => { console.log(code); new Worker('require("fs").writeFileSync("by-worker", "worker")', { eval: true }).on('exit', () => console.log(fs.readFileSync('by-worker', 'utf8'))); }); }
else { process.send(fs.readFileSync('data.json', 'utf8').length); process.disconnect(); }
END
      ${node} main.cjs; cat out; ${node} -p 'require("m")'`,
  });
});
