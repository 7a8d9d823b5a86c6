"""Small TorchScript archives for tests, written without torch."""

import zipfile

import numpy as np


class Index:
    """Writes, opcode by opcode, the pickles that `torch.jit.save` writes."""

    def __init__(self):
        self.code = b"\x80\x02"

    def name(self, module, name):
        self.code += f"c{module}\n{name}\n".encode()

    def text(self, text):
        self.code += b"X" + len(text).to_bytes(4, "little") + text.encode()

    def number(self, number):
        self.code += b"J" + number.to_bytes(4, "little", signed=True)

    def numbers(self, numbers):
        self.code += b"("
        for number in numbers:
            self.number(number)
        self.code += b"t"

    def module(self, name, **attributes):
        self.name(f"__torch__.{name}", "Layer")
        self.code += b")\x81}("
        for key, write in attributes.items():
            self.text(key)
            write()
        self.code += b"ub"

    def tensor(self, key, shape, strides, storage="FloatStorage", offset=0, count=None):
        self.name("torch._utils", "_rebuild_tensor_v2")
        self.code += b"(("
        self.text("storage")
        self.name("torch", storage)
        self.text(key)
        self.text("cpu")
        self.number(int(np.prod(shape)) + offset if count is None else count)
        self.code += b"tQ"
        self.number(offset)
        self.numbers(shape)
        self.numbers(strides)
        self.code += b"\x89"
        self.name("collections", "OrderedDict")
        self.code += b")RtR"

    def archive(self, path, **storages):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("net/version", "3")
            file.writestr("net/data.pkl", self.code + b".")
            file.writestr("net/constants.pkl", b"\x80\x02).")
            for key, array in storages.items():
                file.writestr(f"net/data/{key[1:]}", np.asarray(array, "<f4").tobytes())
        return path
