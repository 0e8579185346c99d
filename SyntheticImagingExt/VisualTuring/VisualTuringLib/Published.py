"""A published study, to be evaluated anew: Hu et al., Label-Free Liver Tumor Segmentation, CVPR 2023."""

PUBLISHED_COUNTS = "\n".join(
    (
        "reader,real_as_real,real_as_synthetic,synthetic_as_real,synthetic_as_synthetic,real_open,synthetic_open",
        "junior,5,15,21,8,0,1",
        "senior,10,2,7,12,8,11",
    )
)
"""The answers that Hu et al. (2023) published; how the open ones divide follows from the 20 real and 30 synthetic."""
