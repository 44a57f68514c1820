"""Random fields with a power-law spectrum: soil, stands, clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], pixel: float, outer: float, slope: float = 11 / 3
) -> NDArray[np.float32]:
    """A Gaussian field with mean 0 and deviation 1, periodic at its borders.

    White noise is filtered in the Fourier domain to a spectral density proportional to
    (k² + 1/outer²)^(-slope/2), the spectrum of von Kármán. In two dimensions a slope of 8/3 gives
    sections with the exponent -5/3 that is observed in clouds (Lovejoy & Schertzer 2006, Atmos. Res. 82;
    Davis et al. 1997, J. Atmos. Sci. 54), a slope of 11/3 smoother ones.

    Parameters
    ----------
    rng: source of the noise.
    shape: rows and columns.
    pixel: side of a pixel in metres.
    outer: outer scale in metres, beyond which the field does not vary any more.
    slope: exponent of the two-dimensional spectrum.

    Returns
    -------
    float32 (rows, columns).
    """
    noise = fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    ky = fft.fftfreq(shape[0], pixel)[:, None]
    kx = fft.rfftfreq(shape[1], pixel)[None, :]
    amplitude = ((ky**2 + kx**2) * outer**2 + 1.0) ** (-slope / 4)
    amplitude[0, 0] = 0.0
    field = fft.irfft2(noise * amplitude.astype(np.float32), s=shape)
    return np.asarray(field / field.std(), dtype=np.float32)


def block_mean(field: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Mean of each factor × factor block of a (rows, columns) field whose sides are multiples of `factor`."""
    rows, columns = field.shape
    # summing strided views is several times faster than a mean over two axes
    by_column = field.reshape(rows, columns // factor, factor)
    total = by_column[:, :, 0].copy()
    for i in range(1, factor):
        total += by_column[:, :, i]
    by_row = total.reshape(rows // factor, factor, columns // factor)
    return np.asarray(by_row.sum(axis=1) / np.float32(factor * factor), dtype=np.float32)
