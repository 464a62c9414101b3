import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** What a process, or the one that started it, has open of a directory is not taken for one of the same name. */
describe('directories that are moved, removed and made again', () => {
  sameAsKernel(mounted, {
    name: 'a shell writes into the new one, whoever has removed the old one',
    script: `
      mkdir d; echo a > d/f; rm -r d; mkdir d; echo x > d/g; ls d; cat d/g
      mkdir -p e/e; echo a > e/e/f; mv e old; mkdir -p e/e; echo b > e/e/g; ls e/e old/e; cat e/e/g
      mkdir h; echo a > h/f; busybox rm -r h || rm -r h; mkdir h; echo b > h/g; ls h; mv h i; echo c > i/c; ls i`,
  });
  sameAsKernel(mounted, {
    name: 'a program does the same in one process, and its working directory goes with a rename',
    needs: ['python3'],
    script: `python3 - <<'END'
import os, shutil
os.makedirs('a/b'); open('a/b/f', 'w').close(); shutil.rmtree('a'); os.makedirs('a/b'); open('a/b/g', 'w').write('g')
os.makedirs('c/d'); open('c/d/f', 'w').close(); os.rename('c', 'moved'); os.makedirs('c/d'); open('c/d/g', 'w').close()
print(os.listdir('a/b'), os.listdir('c/d'), os.listdir('moved/d'))
os.chdir('c/d'); os.rename('../../c', '../../went')
print(os.path.relpath(os.getcwd(), os.path.dirname(os.path.dirname(os.getcwd()))), os.listdir('.'), os.listdir('..'))
open('here', 'w').write('h'); print(open('../../went/d/here').read(), os.path.exists('../../c'))
END`,
  });
  sameAsKernel(mounted, {
    name: 'a subdirectory in which a shell starts a program is there as "."',
    script: `
      mkdir -p d/e; echo text > d/e/f
      (cd d; find . | sort; ls; cat e/f; ls ..; /bin/pwd | grep -o '/d$')
      cd d/e; ls . ..; echo more >> ./f; tail -n 1 ../e/f`,
  });
});
