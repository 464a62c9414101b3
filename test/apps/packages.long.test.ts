import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

describe('python', () => {
  sameAsKernel(mounted, {
    name: 'venv, a package of its own, compileall and unittest',
    needs: ['python3'],
    repeatable: false,
    options: { seconds: 120, env: { PIP_NO_INDEX: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' } },
    script: `
      python3 -m venv --symlinks env; env/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'; ls env/bin | grep -c python
      mkdir -p package tests; printf 'import json\\ndef load(path):\\n    with open(path) as f: return json.load(f)\\n' > package/__init__.py
      cat > tests/test_load.py <<'END'
import json, os, tempfile, unittest, package
class Load(unittest.TestCase):
    def setUp(self): self.dir = tempfile.TemporaryDirectory(dir='.')
    def tearDown(self): self.dir.cleanup()
    def test_load(self):
        for n in range(50):
            path = os.path.join(self.dir.name, str(n))
            with open(path, 'w') as f: json.dump([n], f)
            self.assertEqual(package.load(path), [n])
    def test_missing(self):
        with self.assertRaises(FileNotFoundError): package.load('none')
END
      env/bin/python -m compileall -q package tests; env/bin/python -m unittest discover -s tests -t . 2>&1 | grep -v Ran
      printf 'from setuptools import setup\\nsetup(name="package", version="1", packages=["package"])\\n' > setup.py
      env/bin/pip install -q --no-build-isolation --no-deps . 2>&1 | grep -v WARNING || true; cd env; ls lib/python3*/site-packages | grep '^package' | sort; bin/python -c 'import package; print(package.__file__.split("/")[-3:])'; bin/pip list 2> /dev/null | grep -c package; bin/pip uninstall -qy package; ls lib/python3*/site-packages | grep -c '^package' || true`,
  });
});

describe('npm', () => {
  sameAsKernel(mounted, {
    name: 'packs, installs from tarballs with a bin and a script, runs, lists and removes',
    needs: ['node', 'npm'],
    repeatable: false,
    options: {
      seconds: 120,
      env: {
        PATH: `${process.execPath.replace(/\/[^/]*$/, '')}:/usr/bin:/bin`,
        npm_config_offline: 'true',
        npm_config_audit: 'false',
        npm_config_fund: 'false',
        npm_config_update_notifier: 'false',
        npm_config_cache: '.cache',
      },
    },
    script: `
      mkdir -p lib/bin dep app; cd dep; echo '{"name":"dep","version":"1.2.3","main":"m.js"}' > package.json; echo 'module.exports = 42' > m.js; npm pack -s; cd ../lib
      echo '{"name":"lib","version":"1.0.0","bin":{"lib":"bin/lib.js"},"scripts":{"install":"node make.js"}}' > package.json; echo 'require("fs").writeFileSync("made", "yes")' > make.js
      printf '#!/usr/bin/env node\\nconsole.log("lib says", require("fs").readFileSync(__dirname + "/../made", "utf8"))\\n' > bin/lib.js; chmod +x bin/lib.js; npm pack -s
      cd ../app; echo 'console.log(require("dep"))' > test.js; echo '{"name":"app","version":"1.0.0","private":true,"scripts":{"start":"lib","test":"node test.js"}}' > package.json
      npm install -s ../dep/dep-1.2.3.tgz ../lib/lib-1.0.0.tgz; npm ls | tail -n +2; npm start -s; npm test -s; ls node_modules node_modules/.bin
      rm -r node_modules; npm ci -s; npm exec -s lib; npm uninstall -s lib; npm ls | tail -n +2; find node_modules -type f -not -path '*/.cache/*' | sort`,
  });
});
