import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { secondName } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

// Its own default leaves out backups under /tmp, where the mounts are.
const edit = 'vim -u NONE -i NONE -n -es --cmd "set backupskip="';

describe('vim', () => {
  sameAsKernel(mounted, {
    name: 'edits and writes, with a backup by rename and by copy, and through links',
    needs: ['vim'],
    script: `
      seq 1000 > f; chmod 640 f; ln -s f soft; ${secondName} f hard
      ${edit} -c 'set nobackup nowritebackup' -c '%s/^7/seven/' -c wq f; grep -c seven f; [ f -ef hard ] && echo linked
      ${edit} -c 'set backup backupcopy=yes' -c '1d' -c wq f; head -1 f f~; [ f -ef hard ] && echo linked
      ${edit} -c 'set backup backupcopy=no backupext=.old' -c '1d' -c wq f; head -1 f f.old; stat -c '%a %h' f f.old; [ f -ef hard ] || echo apart
      ${edit} -c 'set backup backupcopy=auto' -c '$d' -c wq soft; readlink soft; tail -1 f
      ${edit} -c '1,3w part' -c '4,5w >> part' -c '0r part' -c 'saveas copy' -c q f; cat part; wc -l f copy
      mkdir u; ${edit} -c 'set undofile undodir=u' -c 2d -c w -c u -c wq part; cat part; ls u | wc -l`,
    repeatable: false,
  });
  sameAsKernel(mounted, {
    name: 'keeps a swap file beside the text, and recovers from it after SIGKILL',
    needs: ['vim'],
    script: `
      seq 1000 > f; exec 2> /dev/null # bash says who was killed
      vim -u NONE -i NONE -es -c 'set swapfile directory=. updatecount=1' -c '%s/$/ changed/' -c preserve -c '!ls -A' -c '!kill -9 $PPID' f || echo killed
      ls -A; head -1 f
      vim -u NONE -i NONE -es -c 'set directory=.' -c recover -c 'w! recovered' -c 'q!' f || true; grep -c changed recovered
      rm .f.swp; vim -u NONE -i NONE -es -c 'set swapfile directory=.' -c 1d -c wq f; ls -A; head -1 f`,
    repeatable: false,
  });
});
