import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

describe('ImageMagick', () => {
  sameAsKernel(mounted, {
    name: 'draws, converts, resizes in place and keeps its cache on disk',
    needs: ['convert', 'identify'],
    repeatable: false,
    options: { seconds: 120, env: { MAGICK_TEMPORARY_PATH: '.' } },
    script: `
      /usr/bin/convert -size 400x300 gradient:red-blue -fill white -draw 'circle 200,150 200,50' a.png; /usr/bin/convert a.png b.jpg; /usr/bin/convert a.png -rotate 90 c.tiff
      /usr/bin/mogrify -resize 50% b.jpg; /usr/bin/identify -format '%m %w %h\\n' a.png b.jpg c.tiff; /usr/bin/convert a.png b.jpg c.tiff -append d.gif
      /usr/bin/convert -limit memory 1MiB -limit map 0 -limit disk 1GiB c.tiff -blur 0x2 e.ppm; sha256sum < e.ppm; /usr/bin/compare -metric AE a.png a.png null: 2>&1; ls`,
  });
});

describe('ffmpeg', () => {
  sameAsKernel(mounted, {
    name: 'makes a film with a seekable header, cuts it and reads it back',
    needs: ['ffmpeg', 'ffprobe'],
    repeatable: false,
    options: { seconds: 120 },
    script: `
      ffmpeg -nostdin -v error -f lavfi -i testsrc=d=2:s=160x120:r=10 -f lavfi -i sine=d=2 -c:v mpeg4 -c:a aac -threads 1 -bitexact -movflags +faststart a.mp4
      ffprobe -v error -show_entries stream=codec_name,nb_frames -of csv a.mp4; ffmpeg -nostdin -v error -ss 1 -i a.mp4 -c copy -bitexact b.mkv; ffmpeg -nostdin -v error -i a.mp4 -f framemd5 - | grep -v '^#' | sha256sum
      ffmpeg -nostdin -v error -i a.mp4 -f segment -segment_time 1 -c copy 'part%d.ts'; ffmpeg -nostdin -v error -i a.mp4 -vsync 0 'frame%02d.png'; ls | wc -l; for p in part*.ts; do ffprobe -v error -show_entries format=format_name -of csv $p; done`,
  });
});
