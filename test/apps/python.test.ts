import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { hardLinks, linkOrCopy, listsInodes } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

const python = (code: string): string => `python3 - <<'END'\n${code}\nEND`;

describe('python', () => {
  sameAsKernel(mounted, {
    name: 'files: text, binary, append, seek, truncate, unbuffered',
    needs: ['python3'],
    script: python(`
import os, io, errno
with open('t', 'w', encoding='utf-8') as f: f.write('a\\u00e4\\n' * 1000); print(f.tell())
with open('t', encoding='utf-8') as f: print(sum(1 for _ in f))
with open('b', 'wb', buffering=0) as f: print(f.write(bytes(range(256)) * 1000))
with open('b', 'r+b') as f:
    f.seek(1000); f.write(b'xyz'); f.seek(-5, os.SEEK_END); print(f.read()); f.truncate(5000); f.seek(998); print(f.read(8))
with open('b', 'a+b') as f: f.write(b'end'); f.seek(0); print(len(f.read()))
print(os.stat('b').st_size, os.path.getsize('t'), os.path.exists('none'), os.path.isdir('.'))
fd = os.open('fd', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
print(os.pwrite(fd, b'0123456789', 5), os.pread(fd, 4, 6), os.fstat(fd).st_size, oct(os.fstat(fd).st_mode))
print(os.writev(fd, [b'ab', b'cd']), os.lseek(fd, 0, os.SEEK_CUR), os.get_inheritable(fd)); os.fsync(fd); os.posix_fallocate(fd, 0, 64)
d = os.dup(fd); os.close(fd); print(os.lseek(d, 0, os.SEEK_END)); os.close(d)
for call in (lambda: open('none'), lambda: open('fd', 'x'), lambda: os.rmdir('fd'), lambda: os.listdir('fd'), lambda: os.unlink('.'), lambda: os.readlink('fd'), lambda: os.mkdir('fd')):
    try: call()
    except OSError as e: print(type(e).__name__, errno.errorcode[e.errno])
`),
  });
  sameAsKernel(mounted, {
    name: 'os.walk, scandir, glob, pathlib and shutil',
    needs: ['python3'],
    script: python(`
import os, shutil, glob, pathlib, filecmp
for i in range(5):
    os.makedirs(f'top/{i}/deep/er')
    for j in range(20): pathlib.Path(f'top/{i}/deep/{j}.txt').write_text(f'{i} {j}' * 50)
os.symlink('0', 'top/link'); ${linkOrCopy('os.link', 'shutil.copy2')}('top/0/deep/1.txt', 'top/hard'); os.chmod('top/1', 0o700)
print(sum(len(f) for _, _, f in os.walk('top')), [sorted(d) for _, d, _ in os.walk('top')][0])
print(sorted((e.name, e.is_dir(), e.is_symlink(), ${listsInodes ? 'e.inode() == os.lstat(e.path).st_ino' : 'e.inode() > 0'}) for e in os.scandir('top')))
print(len(glob.glob('top/**/*.txt', recursive=True)), sorted(p.name for p in pathlib.Path('top').rglob('1*.txt'))[:4])
shutil.copytree('top', 'copy', symlinks=True); print(os.readlink('copy/link'), oct(os.stat('copy/1').st_mode))
c = filecmp.dircmp('top', 'copy'); print(c.left_only, c.right_only, c.diff_files, sorted(c.common))
shutil.copy2('top/hard', 'meta'); os.utime('meta', ns=(10**18 + 1, 10**18 + 2)); print(os.stat('meta').st_mtime_ns)
shutil.move('copy/0', 'moved'); print(sorted(os.listdir('moved/deep'))[:3]); os.replace('meta', 'top/hard'); print(os.stat('top/hard').st_nlink)
shutil.rmtree('copy'); print(os.path.exists('copy'), sorted(os.listdir('.'))); print(shutil.disk_usage('.').total > 0)
os.chdir('moved'); print(os.path.basename(os.getcwd())); os.rename('../moved', '../renamed'); print(os.path.basename(os.getcwd()), os.path.isfile('deep/3.txt'))
fd = os.open('..', os.O_RDONLY); print(sorted(os.listdir(fd))); os.mkdir('by-fd', dir_fd=fd); os.rename('by-fd', 'by-fd2', src_dir_fd=fd, dst_dir_fd=fd); print(os.stat('by-fd2', dir_fd=fd).st_mode)
`),
  });
  sameAsKernel(mounted, {
    name: 'tempfile, subprocess and multiprocessing',
    needs: ['python3'],
    script: `
cat > work.py <<'END'
import os
def square(n):
    with open(f'result-{n}', 'w') as f: f.write(str(n * n))
    with open('log', 'a') as f: f.write(f'{n}\\n')
    return n * n
END
cat > main.py <<'END'
import os, subprocess, sys, tempfile, multiprocessing
from work import square
def main():
    tempfile.tempdir = os.getcwd()
    with tempfile.NamedTemporaryFile('w+') as f:
        f.write('temporary'); f.flush(); print(subprocess.run(['cat', f.name], capture_output=True, text=True).stdout, oct(os.stat(f.name).st_mode))
    with tempfile.TemporaryDirectory() as d: open(os.path.join(d, 'x'), 'w').close(); print(os.listdir(d))
    with tempfile.TemporaryFile() as f: f.write(b'no name'); f.seek(0); print(f.read(), ${hardLinks ? 'os.fstat(f.fileno()).st_nlink' : '0'})
    with tempfile.SpooledTemporaryFile(max_size=10) as f: f.write(b'x' * 100); f.seek(0); print(len(f.read()))
    with open('out', 'w') as f:
        f.write('parent\\n'); f.flush(); subprocess.run(['sh', '-c', 'echo child; echo error >&2'], stdout=f, stderr=subprocess.STDOUT, check=True); f.seek(0, 2); f.write('parent again\\n')
    print(open('out').read())
    with open('out') as f: print(subprocess.run(['tail', '-n', '1'], stdin=f, capture_output=True, text=True).stdout)
    os.mkdir('d')
    print(subprocess.run('pwd | grep -o "/d$"; ls', shell=True, cwd='d', capture_output=True, text=True))
    f = open('out'); print(subprocess.run([sys.executable, '-c', f'import os; print(os.read({f.fileno()}, 6))'], pass_fds=[f.fileno()], capture_output=True, text=True).stdout)
    for method in ('fork', 'spawn'):
        with multiprocessing.get_context(method).Pool(4) as pool: print(sum(pool.map(square, range(20))))
    print(sorted(int(n) for n in open('log')) == sorted(list(range(20)) * 2), open('result-7').read(), len(os.listdir('.')) > 20)
if __name__ == '__main__': main()
END
python3 -B main.py | sed 's/tmp[a-z0-9_]*/TMP/g'
sort -n log > sorted; rm log`,
  });
  sameAsKernel(mounted, {
    name: 'mmap reads, writes, resizes and is seen by others',
    needs: ['python3'],
    script: python(`
import mmap, os, subprocess
with open('m', 'w+b') as f:
    f.write(b'0' * 10000); f.flush()
    with mmap.mmap(f.fileno(), 0) as m:
        m[100:105] = b'hello'; print(m.find(b'hello'), m.size()); m.flush()
        print(subprocess.run(['grep', '-c', 'hello', 'm'], capture_output=True, text=True).stdout)
        f.seek(5000); f.write(b'written'); f.flush(); print(m[5000:5007])
        m.resize(20000); m[19990:] = b'0123456789'; print(os.fstat(f.fileno()).st_size)
    f.seek(19990); print(f.read())
with open('m', 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m: print(m[100:105], len(m))
with open('m', 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m: m[0:4] = b'copy'; f.seek(0); print(f.read(4), m[0:4])
`),
  });
  sameAsKernel(mounted, {
    name: 'modules are imported from the directory, and their byte code is kept',
    needs: ['python3'],
    script: `
      mkdir -p package/sub; echo 'from .sub import value' > package/__init__.py; echo 'value = 42' > package/sub/__init__.py; echo 'import package; print(package.value)' > main.py
      python3 main.py; ls package/__pycache__ | wc -l; python3 main.py; echo 'value = 1234567' > package/sub/__init__.py; python3 main.py
      python3 -m compileall -q package; cd package; python3 -c 'import sub; print(sub.value)'
      rm -rf ../package/__pycache__ ../package/sub/__pycache__`,
    options: { env: { PYTHONDONTWRITEBYTECODE: '' } },
  });
  sameAsKernel(mounted, {
    name: 'sqlite3, dbm and pickle of its own library',
    needs: ['python3'],
    repeatable: false,
    script: python(`
import sqlite3, dbm.dumb, pickle, shelve, json
c = sqlite3.connect('db'); c.execute('create table t(a, b)'); c.executemany('insert into t values(?, ?)', ((i, str(i) * 10) for i in range(5000))); c.commit()
print(c.execute('select count(*), sum(a), max(length(b)) from t').fetchone(), c.execute('pragma integrity_check').fetchone()); c.close()
with dbm.dumb.open('dumb', 'c') as d: d['k'] = 'v'
with dbm.dumb.open('dumb') as d: print(d['k'])
with open('p', 'wb') as f: pickle.dump({'a': [1, 2, 3]}, f)
with open('p', 'rb') as f: print(pickle.load(f))
json.dump(list(range(1000)), open('j', 'w')); print(sum(json.load(open('j'))))
`),
  });
});
