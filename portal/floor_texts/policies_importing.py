"""Texts for the catalogue of translations. `manage.py collect_texts` writes this file."""

from django.utils.translation import gettext_noop

gettext_noop(
    "; it was written by another Ray than 1.12, with which MATE's examples train: write a "
    "native checkpoint of its weights (docs/checkpoint-format.md)"
)
gettext_noop("; its weights are {0}, expected NumPy's float32: convert them, or write a native checkpoint of them")
gettext_noop("; its {0} links were not followed")
gettext_noop("Add the weights up")
gettext_noop("Box of {0}")
gettext_noop("Check the weights")
gettext_noop("Find the trials")
gettext_noop("MultiDiscrete of {0}")
gettext_noop("NumPy arrays; {0}")
gettext_noop("Open the archive")
gettext_noop("RLlib 1.12 checkpoint")
gettext_noop("Read the PSRO result")
gettext_noop("Read the checkpoint")
gettext_noop("Read the file")
gettext_noop("Read the graph")
gettext_noop("Recognise the policy")
gettext_noop(
    "Should it sample its actions (stochastic, as upstream's evaluation does) or take the likeliest (deterministic)?"
)
gettext_noop("Start the reader")
gettext_noop("Unpack the checkpoint")
gettext_noop("a .safetensors file alone, and how to play it is in its policy.json; upload both as one .zip")
gettext_noop("a JSON file alone, without the weights that it describes; upload the whole folder as one .zip or .tar.gz")
gettext_noop("a Keras model; {0}")
gettext_noop("a NumPy array; {0}")
gettext_noop(
    "a PyTorch file, which holds weights alone (and code, which is never run), and not what "
    "they were trained for; upload the trial's folder, or {0}"
)
gettext_noop("a buffer outside the file")
gettext_noop(
    "a checkpoint file alone, and what it was trained for is in the params.json of its trial "
    "folder; upload both together as one .zip or .tar.gz"
)
gettext_noop("a constant of {0}")
gettext_noop("a dictionary has a key without a value; the file is damaged")
gettext_noop("a dictionary's key has {0} characters; at most {1} are read")
gettext_noop("a dictionary's key or a set's member is neither text nor number, nor a few of them")
gettext_noop("a frame of {0} bytes is announced")
gettext_noop("a grid of {0} x {1} actions")
gettext_noop("a grid of {0} x {1} relative poses")
gettext_noop("a line of text has no end or is too long")
gettext_noop("a list of 1 to {0} widths")
gettext_noop("a name is not given as text")
gettext_noop("a network in ONNX's format")
gettext_noop("a number from 0 to 1000")
gettext_noop("a number is not valid; the file is damaged")
gettext_noop("a number lacks its data type")
gettext_noop("a persistent id, which refers to something outside the file")
gettext_noop("a state is set on what has none")
gettext_noop("a text is longer than {0} bytes")
gettext_noop("a text is not quoted as it should be; the file is damaged")
gettext_noop("a text is not valid; the file is damaged")
gettext_noop("a {0} agent for {1}; {2}; a decision every {3} frames")
gettext_noop("a {0} with {1} files")
gettext_noop("an HDF5 file; {0}")
gettext_noop("an ONNX model alone, and how to play it is in its policy.json; upload both as one .zip (docs/onnx.md)")
gettext_noop("an ONNX model without the policy.json that says how to play it; put both into one .zip (docs/onnx.md)")
gettext_noop("an array has the data type {0}, which weights never have")
gettext_noop("an array is of a class of its own")
gettext_noop("an array lacks its data type")
gettext_noop("an array lacks its data type or order")
gettext_noop("an array of shape {0} and type {1} takes {2} bytes, and {3} are there")
gettext_noop("an array's content is not bytes")
gettext_noop("an array's data type has fields; weights are plain numbers")
gettext_noop("an array's data type is not in little-endian byte order, or not a plain one")
gettext_noop("an array's shape has the length {0}")
gettext_noop("an array's shape is not a tuple of a few lengths")
gettext_noop("an array's state is not what NumPy writes")
gettext_noop("an extension code, which stands for a registered function")
gettext_noop("an instruction lacks its mark; the file is damaged")
gettext_noop("an instruction lacks its operand; the file is damaged")
gettext_noop("an integer from {0} to {1}")
gettext_noop("an integer of {0} bytes is announced")
gettext_noop("an object is made in a way that no data of a checkpoint is")
gettext_noop("an ordered dictionary is not written item by item")
gettext_noop("bytes are not written as Latin-1 text")
gettext_noop("changes the order in which a name is shown")
gettext_noop("compressed with bzip2, such as .tar.bz2; {0}")
gettext_noop("compressed with compress, such as .tar.Z; {0}")
gettext_noop("compressed with lz4, such as .tar.lz4; {0}")
gettext_noop("compressed with xz, such as .tar.xz; {0}")
gettext_noop("compressed with zstd, such as .tar.zst; {0}")
gettext_noop("continuous actions without sampling")
gettext_noop("device or pipe")
gettext_noop("expected an object: names of inputs, with the names of their next values")
gettext_noop("expected an object: names of outputs for {0}")
gettext_noop("files not closed")
gettext_noop("fractions from 0 to 1")
gettext_noop("got {0}, expected the output that decides: one of {1}")
gettext_noop(
    "has a checkpoint of Ray 2 in it ({0}), and those of RLlib 1.12 are read, with which MATE's examples train; {1}"
)
gettext_noop("has a name of {0} characters; at most {1} are read, shorten it")
gettext_noop("has a path that leads out of the archive; archive the trial's folder with paths inside it alone")
gettext_noop("has a sparse file, {0}, which no trial folder has")
gettext_noop("has an entry of {0} bytes")
gettext_noop("has an extended header of {0} bytes, where at most {1} are read")
gettext_noop("has an extended header that gives an entry another size ({0})")
gettext_noop("has an extended header that is not a list of records, as POSIX describes it")
gettext_noop("has an extended header with a number of more than {0} digits")
gettext_noop("has an extended header with more than {0} records")
gettext_noop("has extended headers of more than {0} bytes in all")
gettext_noop("has more extended headers for one entry, or for all, than any program writes")
gettext_noop("has more than {0} headers")
gettext_noop("has the character U+{0}{1} in its name, which {2}; rename it")
gettext_noop("has {0} in it, and archives inside it are not opened; upload that file itself")
gettext_noop("has {0} in it, {1}")
gettext_noop("in stochastic play {0} of its decisions are random, as when it was saved")
gettext_noop("integers from 1 to {0}")
gettext_noop("is a .npz file, NumPy arrays; {0}")
gettext_noop("is a control character")
gettext_noop("is a {0}, which no trial folder has")
gettext_noop("is cut off")
gettext_noop("it calls what is no function")
gettext_noop("it ends before the end of its gzip stream")
gettext_noop("it ends where {0} more bytes are announced")
gettext_noop("it has more than {0} instructions")
gettext_noop(
    "it has more than {0} keys that are large integers, fractions or tuples, which can be "
    "chosen to collide; no checkpoint has so many"
)
gettext_noop("it is no map in YAML or JSON")
gettext_noop("it leads to {0}, which is not here; give the folder of the trial itself")
gettext_noop("it makes an array that no file's bytes account for")
gettext_noop("it names {0}, which is not among the data of a genuine checkpoint; nothing was executed")
gettext_noop("it nests more than {0} deep")
gettext_noop("it nests or stacks more than {0} values")
gettext_noop("it refers to a place outside the file")
gettext_noop("it refers to memory cell {0}, which is empty")
gettext_noop("it refers to memory cell {0}; more than {1} are not read")
gettext_noop("it turns the same text into bytes again and again")
gettext_noop("it uses {0}")
gettext_noop("it was trained to maximise a joint value; each of its agents maximises its own share, as upstream's do")
gettext_noop("items are appended to what is no list")
gettext_noop("items are set on what is no dictionary")
gettext_noop("its map was read")
gettext_noop("its networks have at least {0} weights in all, where {1} are read; upload fewer at once")
gettext_noop("its params.json says not to explore: upstream plays it deterministically")
gettext_noop("its pickle protocol is unknown, or announced twice")
gettext_noop("lies more than {0} folders deep, where no trial folder has anything")
gettext_noop("lies under a symbolic link")
gettext_noop("map in params.json")
gettext_noop("members are added to what is no set")
gettext_noop("memory not limited")
gettext_noop("neither a .zip nor a .tar.gz; upload the trial's folder as one of them")
gettext_noop("network not closed by this kernel")
gettext_noop("no access to files")
gettext_noop(
    "no checkpoint is in the archive{0}: expected a trial folder with params.json and "
    "checkpoint_*/checkpoint-*; archive the whole trial folder"
)
gettext_noop(
    "no checkpoint is in the folder: expected a trial's folder, with params.json and checkpoint_*/checkpoint-*"
)
gettext_noop("no files can grow")
gettext_noop("numbers from 0 on")
gettext_noop("one of the algorithms {0}")
gettext_noop("one of {0}")
gettext_noop(
    "params.json announces a recurrent layer of {0}, and the weights have one of {1}; "
    "params.json and checkpoint belong to different trials"
)
gettext_noop(
    "params.json announces hidden layers of {0}, and the weights have {1}; params.json and "
    "checkpoint belong to different trials"
)
gettext_noop("params.json describes a {0} policy in the folder of the {1} player")
gettext_noop(
    "params.json files and PSRO tables have {0} bytes in all, where {1} are read; leave the "
    "tables of the first iterations out"
)
gettext_noop("params.json is not valid JSON ({0}); take it from the trial's folder again")
gettext_noop(
    "params.json names the scenario {0}, which is no preset, and the weights' {1} inputs and "
    "{2} outputs fit {3} scenarios{4}; write a native checkpoint, which states the scenario "
    "(docs/checkpoint-format.md)"
)
gettext_noop(
    "params.json names {0}, with {1}, where a {2} observes {3} numbers; the weights take {4} "
    "and give {5}; params.json and checkpoint belong to different trials"
)
gettext_noop("params.json: env names a hierarchical target; only cameras are hierarchical")
gettext_noop("params.json: env_config.discrete_levels is missing; value-based policies have discrete actions")
gettext_noop(
    "params.json: normalize_actions is False, expected true: continuous actions are played as "
    "fractions of the largest step; train with it"
)
gettext_noop(
    "params.json: observation_filter is {0}, whose running means an agent here does not have; "
    "train with 'NoFilter', as the examples do"
)
gettext_noop("params.json: {0} is {1}, expected {2}")
gettext_noop("policy {0} has no {1}, where {2} keeps its network")
gettext_noop("policy.json names the state {0}, which {1} does not read")
gettext_noop("processor time not limited")
gettext_noop("reading it needs more than {0} MiB of memory")
gettext_noop("reading it took longer than {0} s")
gettext_noop("reading it took more than {0} s of processor time, which no genuine file does")
gettext_noop("selecting targets ({0})")
gettext_noop("something follows its gzip stream; one stream is read")
gettext_noop("sparse or contiguous file")
gettext_noop("the archive has more than {0} entries; put only the trial's folder into it")
gettext_noop("the archive has {0} checkpoints; at most {1} are read at once")
gettext_noop("the archive has {0} trials; at most {1} are read at once")
gettext_noop("the archive is damaged or of an unsupported kind ({0}); make it again")
gettext_noop("the archive lists a checkpoint that is not in it; make the archive again")
gettext_noop(
    "the archive of {0} bytes unpacks to more than {1} bytes, which genuine checkpoints do not; "
    "it was not unpacked further"
)
gettext_noop("the archive {0}; make it again with tar -czf, of the trial's folder alone")
gettext_noop("the archive {0}{1}")
gettext_noop("the archive's entry {0} {1}; nothing was unpacked")
gettext_noop("the arguments of a call are no tuple")
gettext_noop(
    "the checkpoint has a tensor {0}, which the models of MATE's examples do not have; a model "
    "of your own can be uploaded as a native checkpoint (docs/checkpoint-format.md)"
)
gettext_noop("the checkpoint has no policy '{0}_0', where {1} has one for each member; it has {2}")
gettext_noop(
    "the checkpoint has no policy {0}, which {1} has; it has {2}; only a policy that the whole "
    "team shares can be played"
)
gettext_noop("the checkpoint has policies of {0} {1}s, and params.json names a scenario with {2}")
gettext_noop("the checkpoint has {0} policies, more than a team has members")
gettext_noop(
    "the checkpoint's observations went through the filter {0}, whose running means an agent "
    "here does not have; train with observation_filter 'NoFilter', as the examples do"
)
gettext_noop("the checkpoint's own action space is {0}, which asks for {1} outputs; the network has {2}")
gettext_noop("the environment of one of MATE's examples, such as mate-mappo.camera")
gettext_noop("the file has {0} bytes; at most {1} are accepted")
gettext_noop("the folder has more than {0} files; give the trial's folder itself")
gettext_noop("the folder {0}")
gettext_noop("the instruction INST, which makes an object of a named class")
gettext_noop("the instruction OBJ, which makes an object of a class")
gettext_noop("the name of a scenario's file")
gettext_noop(
    "the network has {0} outputs, and {1} with action decoding {2} has {3}; params.json and "
    "checkpoint belong to different trials"
)
gettext_noop("the networks of members 0 and {0} have other tensors; the checkpoint is damaged")
gettext_noop("the policy has a tensor for {0}, a layer that params.json does not announce")
gettext_noop("the policy has no first layer; the checkpoint is damaged or of another model")
gettext_noop("the policy's actions are not bounded symmetrically, as MATE's are")
gettext_noop("the policy's actions have not two bounded coordinates, which MATE's have")
gettext_noop("the policy's layers leave no room for an observation or a decision beside the messages")
gettext_noop("the policy's prior network does not read an observation and a teammate; is the team another?")
gettext_noop("the policy's query layer does not read the recurrent state; the checkpoint is damaged")
gettext_noop(
    "the policy's tensor for {0} has the shape {1}, where a {2} with {3} and the other layers "
    "imply {4}; the checkpoint is damaged or of another model"
)
gettext_noop("the policy's tensor for {0} is missing or no matrix; the checkpoint is damaged")
gettext_noop("the policy's tensor for {0} is missing; the checkpoint is damaged")
gettext_noop("the policy's tensor for {0} is no matrix; the checkpoint is damaged")
gettext_noop(
    "the policy's tensor {0} has values that are not finite (NaN or infinite); the training has "
    "diverged, take an earlier checkpoint"
)
gettext_noop("the policy's tensor {0} is no array of numbers")
gettext_noop(
    "the policy's tensor {0} is {1}, expected float32; convert the weights, and write a native "
    "checkpoint of them (docs/checkpoint-format.md)"
)
gettext_noop("the policy's tensors have more than {0} numbers in all; a smaller network is needed")
gettext_noop("the policy's {0}")
gettext_noop("the policy's {0} are no dictionary of at most {1} tensors")
gettext_noop("the process that read it crashed ({0}); nothing else was affected")
gettext_noop("the process that read it failed; the server's log says why, and nothing else was affected")
gettext_noop("the process that read it was killed, most likely because the machine ran out of memory")
gettext_noop("the reader's answer has no end")
gettext_noop("the reader's answer was damaged; upload the file again")
gettext_noop("the run's best checkpoint {0} is not in the archive; the newest was taken")
gettext_noop("the run's own best checkpoint was taken")
gettext_noop(
    "the tables of the PSRO result have more than {0} numbers in all; leave the tables of its first iterations out"
)
gettext_noop("the {0} {1} of {2} has no fixed shape after its rows; export it with one")
gettext_noop("this is {0}")
gettext_noop("trained under enhanced observation {0}; what it plays under is the scenario's choice")
gettext_noop("tuples of Discrete({0})")
gettext_noop("unpack it and archive the trial's folder as .zip or .tar.gz")
gettext_noop("values are left over at its end; the file is damaged")
gettext_noop("weights without the policy.json that says how to play them; put both into one folder")
gettext_noop("write a native checkpoint of its weights (docs/checkpoint-format.md)")
gettext_noop("{0} MiB of memory")
gettext_noop("{0} announces {1} bytes and takes {2} compressed ones; the archive's table of contents is false")
gettext_noop("{0} bytes follow the end of the pickle; they were not read, and do not belong there")
gettext_noop("{0} bytes, read as data; nothing in it was executed")
gettext_noop("{0} can be played")
gettext_noop("{0} cannot be put together: the archive lacks the checkpoints of {1}")
gettext_noop("{0} does not describe its input {1}")
gettext_noop("{0} does not say which version of ONNX's operators it has; it is no ONNX model")
gettext_noop("{0} has a constant that is no tensor of numbers")
gettext_noop("{0} has more than the {1} bytes that it announces")
gettext_noop("{0} has more than {1} bytes, its limit")
gettext_noop("{0} has no graph; export the network again")
gettext_noop("{0} has numbers beyond {1}, which no payoff and no rate reaches")
gettext_noop("{0} has numbers of 16 bits, expected float32; convert the network first, in PyTorch with .float()")
gettext_noop("{0} has numbers of ONNX's type {1}, expected float32, integers or bool")
gettext_noop("{0} has numbers that are not finite")
gettext_noop("{0} has operators of {1}; only those of ONNX itself are played")
gettext_noop("{0} has operators that are not played: {1}; docs/onnx.md lists those that are")
gettext_noop("{0} has sparse tensors; export them as dense ones")
gettext_noop("{0} has version {1} of ONNX's operators, where {2} to {3} are read; export it with opset_version=20")
gettext_noop("{0} has {1} axes, where at most {2} are read")
gettext_noop("{0} has {1} bytes instead of {2}; make the archive again")
gettext_noop("{0} has {1} numbers, where its shape {2} needs {3}; the file is damaged")
gettext_noop("{0} has {1} numbers, which is too large")
gettext_noop("{0} has {1} operators, more than {2}")
gettext_noop("{0} has {1} weights, and the pool of iteration {2} has {3} members")
gettext_noop("{0} is compressed in a way other than deflate; make the archive again with it")
gettext_noop("{0} is cut off: its run was stopped while it was written; {1} was taken instead")
gettext_noop("{0} is cut off; export the network again")
gettext_noop("{0} is cut off; {1} is older and is tried instead")
gettext_noop("{0} is encrypted; make the archive without a password")
gettext_noop("{0} is given other arguments than arrays are written with")
gettext_noop(
    "{0} is missing: it says what the checkpoint beside it was trained for (params.pkl is never "
    "opened); archive the whole trial folder"
)
gettext_noop("{0} is missing; a native checkpoint has {1} and {2} beside each other (docs/checkpoint-format.md)")
gettext_noop("{0} is missing; policy.json says that the network is in ONNX's format (docs/onnx.md)")
gettext_noop("{0} is no known preset; the weights' widths leave only {1}")
gettext_noop("{0} is no probability distribution")
gettext_noop("{0} is not a table of numbers")
gettext_noop("{0} is not a table with rows of one length")
gettext_noop("{0} is the newest and was taken; {1} were left")
gettext_noop("{0} lies in another file; export with external_data=False, so that one file holds all")
gettext_noop("{0} numbers, all finite, in the shapes that {1} implies")
gettext_noop("{0} operators with {1} weights, read as data")
gettext_noop("{0} other files of its folder were not opened")
gettext_noop(
    "{0} reads {1}, which nobody gives it; inputs are {2}, and the states that policy.json names (docs/onnx.md)"
)
gettext_noop("{0} s of processor time")
gettext_noop("{0} symbolic links were ignored")
gettext_noop("{0} weights, all finite, in the expected shapes")
gettext_noop("{0} {1} mixture of iteration {2}")
gettext_noop("{0} {1}, trained on {2} with a decision every {3} frames")
gettext_noop("{0}, byte {1}: {2}; the file is cut off or damaged")
gettext_noop("{0}, more than {1} entries need; put only the trial's folder into it")
gettext_noop("{0}: it has no 'worker' bytes, so it is not a checkpoint of RLlib 1.12")
gettext_noop("{0}: it is cut off: none of it was written when its run was stopped; take an earlier checkpoint")
gettext_noop(
    "{0}: it was written by Ray 2, and checkpoints of RLlib 1.12 are read, with which MATE's "
    "examples train; write a native checkpoint of its weights (docs/checkpoint-format.md)"
)
gettext_noop("{0}: its 'worker' has no policies' state, so it is not a checkpoint of RLlib 1.12")
gettext_noop("{0}: nothing writes {1}, which is read; the file is damaged")
gettext_noop(
    "{0}: operator {1} has the attribute {2} of a kind that is not read (graphs, sparse "
    "tensors, types): networks are played without branches and loops"
)
gettext_noop("{0}: {1} is written twice; the file is damaged")
