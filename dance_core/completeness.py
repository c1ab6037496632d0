"""How much of what the backbone features can tell about the class the concepts keep."""


def completeness(concept_top1: float | None, feature_top1: float | None, n_classes: int) -> float | None:
    """Compare the accuracy through the concepts with the accuracy of the features themselves.

        eta = (accuracy of the concept classifier - a) / (accuracy of the feature probe - a),  a = 1 / K

    1 says that the concepts keep all the features have, 0 that they keep nothing; above 1 the concepts do better than
    the probe. The original takes the best map from concepts back to the features and the rest of the network; here the
    network after the features is linear, so a classifier on the concepts takes the place of both.

    Args:
        concept_top1: Accuracy of the classifier on concept activations, in [0, 1].
        feature_top1: Accuracy of the linear probe on the features of the same clips, in [0, 1].
        n_classes: K; a = 1 / K is the accuracy of a random prediction.

    Returns:
        The score; None where one accuracy is unknown or the probe is no better than chance.

    Source:
        Yeh et al. (2020), On completeness-aware concept-based explanations (completeness score).
    """
    chance = 1 / n_classes
    if concept_top1 is None or feature_top1 is None or feature_top1 <= chance:
        return None
    return (concept_top1 - chance) / (feature_top1 - chance)
