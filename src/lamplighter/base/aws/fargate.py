"""List the task sizes that Fargate offers.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html.
"""

TASK_SIZES: dict[int, range] = {
    256: range(512, 2049, 512),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""The MiB that each number of CPU units allows; 256 units allow only 512, 1024 and 2048 MiB."""


def has_size(cpu: int, memory: int) -> bool:
    """Return whether Fargate has this size."""
    return memory in TASK_SIZES.get(cpu, ()) and (cpu, memory) != (256, 1536)


def nearest_size(cpu: int, memory: int) -> tuple[int, int]:
    """Return the smallest size with at least this CPU and memory, or the largest size if none is big enough."""
    sizes = [(units, size) for units, row in TASK_SIZES.items() for size in row if has_size(units, size)]
    return min((each for each in sizes if each[0] >= cpu and each[1] >= memory), default=sizes[-1])
