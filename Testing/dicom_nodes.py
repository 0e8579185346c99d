"""Volume nodes as Slicer's module DICOM loads them: their files are in its database, their UIDs on the node."""

import pydicom


def registerAsDicom(node, folder, metadata=None):
    """Write a volume node's voxels as a series into a new folder and let the node come from there; its files."""
    import slicer

    from synthetic_imaging import io
    from synthetic_imaging.volume import Volume
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(node)
    io.write_volume(folder, Volume(volume.data, volume.ijk_to_ras, metadata))
    files, uids = sorted(folder.iterdir()), []
    for file in files:
        slicer.dicomDatabase.insert(str(file))
        uids.append(str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID))
    node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return files
