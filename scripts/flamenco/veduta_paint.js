// SPDX-License-Identifier: GPL-3.0-or-later

// Flamenco's job type "Veduta: Paint Frames": every chunk of frames becomes a task that paints them in background Blender.
// How frames are painted is the extension's; which worker takes which task, and when a task is tried again, is Flamenco's.
// The language of these files: https://flamenco.blender.org/usage/job-types/

const JOB_TYPE = {
    label: "Veduta: Paint Frames",
    description: "Paint frames of the scene's animation with the Veduta extension, which every worker's Blender must have enabled",
    settings: [
        { key: "frames", type: "string", required: true, eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          description: "Frames to paint, such as '47', '1-30' or '3, 5-10, 47-327'" },
        { key: "chunk_size", type: "int32", default: 10, description: "Frames of one task; the painter is loaded once a task" },
        { key: "skip_existing", type: "bool", default: true,
          description: "Leave frames that are already there, such as those of a task that broke off" },

        { key: "blendfile", type: "string", required: true, visible: "web",
          description: "The file to paint, on a disk that every worker has" },
    ],
};

function compileJob(job) {
    for (const chunk of frameChunker(job.settings.frames, job.settings.chunk_size)) {
        const task = author.Task(`paint-${chunk}`, "blender");
        for (const range of rangesOf(chunk)) {
            task.addCommand(paintCommand(job.settings, range));
        }
        job.addTask(task);
    }
}

// The command that paints a range of frames. {blender} and {blenderArgs} are Flamenco's variables; the latter holds Blender's -b.
function paintCommand(settings, range) {
    const args = ["--command", "veduta", "paint-frames", `${range.first}:${range.last}`]; // --command takes all that follows: it comes last
    if (settings.skip_existing) {
        args.push("--skip-existing");
    }
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: [],
        blendfile: settings.blendfile,
        args: args,
    });
}

// The ranges of a chunk, which Flamenco writes as "1-4", "5" or "1,2,7-9"; neighbours are joined, for each range starts Blender once.
function rangesOf(chunk) {
    const ranges = [];
    for (const part of chunk.split(",")) {
        const ends = part.split("-").map(Number);
        const first = ends[0], last = ends[ends.length - 1];
        const before = ranges[ranges.length - 1];
        if (before !== undefined && before.last + 1 === first) {
            before.last = last;
        } else {
            ranges.push({ first: first, last: last });
        }
    }
    return ranges;
}
