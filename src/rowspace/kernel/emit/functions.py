"""Functions that generated source calls for what neither Python nor Numba has: special functions, sorting."""

FUNCTIONS: dict[str, str] = {
    "sort_places": """
def sort_places(keys, places, spare, n):  # a merge sort of places by their keys: equal keys stay in their order
    width = 1
    while width < n:
        for lo in range(0, n, 2 * width):
            middle, hi = min(lo + width, n), min(lo + 2 * width, n)
            a, b = lo, middle
            for c in range(lo, hi):
                if a < middle and (b >= hi or not keys[places[b]] < keys[places[a]]):
                    spare[c] = places[a]
                    a += 1
                else:
                    spare[c] = places[b]
                    b += 1
        for c in range(n):
            places[c] = spare[c]
        width *= 2
""",
    "round_away": """
def round_away(x):  # halves away from zero
    return np.floor(x + 0.5) if x >= 0 else np.ceil(x - 0.5)
""",
    "times_unless_zero": """
def times_unless_zero(a, b):  # a product that leaves out zeros
    return b if a == 0 else (a if b == 0 else a * b)
""",
    "digamma": """
def digamma(x):  # the recurrence up to 8, then the series at infinity (Abramowitz and Stegun, 6.3.18)
    x, total = f64(x), 0.0
    if x < 0.5:
        total, x = -3.141592653589793 / math.tan(3.141592653589793 * x), 1 - x
    while x < 8:
        total -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return total + math.log(x) - 0.5 / x - series
""",
    "trigamma": """
def trigamma(x):  # as digamma (Abramowitz and Stegun, 6.4.12)
    x, reflected, sign, total = f64(x), 0.0, 1.0, 0.0
    if x < 0.5:
        reflected, sign, x = (3.141592653589793 / math.sin(3.141592653589793 * x)) ** 2, -1.0, 1 - x
    while x < 8:
        total += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * 5 / 66))))
    return reflected + sign * (total + 1 / x + y / 2 + series / x)
""",
    "erfcinv": """
def erfcinv(p):  # Winitzki's approximation (2008), then three of Halley's steps
    if not 0 < p < 2:
        return INFINITY if p == 0 else (-INFINITY if p == 2 else NOT_A_NUMBER)
    tail = f64(p) if p < 1 else 2 - f64(p)
    low = math.log(tail * (2 - tail))
    t = 4.330746750799873 + low / 2
    y = math.sqrt(math.sqrt(t * t - low / 0.147) - t)
    for step in range(3):
        off = (tail - math.erfc(y)) / (1.1283791670955126 * math.exp(-y * y))
        y -= off / (1 + y * off)
    return y if p < 1 else -y
""",
    "erfinv": """
def erfinv(x):
    if not -1 < x < 1:
        return INFINITY if x == 1 else (-INFINITY if x == -1 else NOT_A_NUMBER)
    size = abs(f64(x))
    low = math.log1p(-size * size)
    t = 4.330746750799873 + low / 2
    y = math.sqrt(math.sqrt(t * t - low / 0.147) - t)
    for step in range(3):
        error = math.erf(y) - size if size < 0.5 else (1 - size) - math.erfc(y)
        off = error / (1.1283791670955126 * math.exp(-y * y))
        y -= off / (1 + y * off)
    return y if x > 0 else -y
""",
    "erfcx": """
def erfcx(x):  # exp(x^2) erfc(x); the series at infinity where both leave the range of numbers
    x = f64(x)
    if x < 25:
        return math.exp(x * x) * math.erfc(x)
    y = 1 / (x * x)
    return 0.5641895835477563 / x * (1 - y / 2 * (1 - y * 1.5 * (1 - y * 2.5)))
""",
}
