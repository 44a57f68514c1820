"""cloudrobust: do deep models need preprocessed satellite time series, or are raw ones enough?"""

__version__ = "0.1.0"
