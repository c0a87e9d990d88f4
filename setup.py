"""What a wheel holds: the package, and inside it the tables of the default firm. All else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["crmlab*"]), "crmlab.datasets.kit"], package_dir={"crmlab.datasets.kit": "datasets"})
