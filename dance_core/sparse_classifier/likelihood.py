"""The data term of the sparse classifier and its derivatives, in numpy or on a torch device.

Weights and bias are one array theta of shape (K, M + 1); the last column, the bias, meets a column of ones. Values and
gradients are float64; the curvature, which only shapes steps, is float32 as a rule and costs half of that.
"""

from typing import Any

import numpy as np

from dance_core.rows import Rows


class Likelihood:
    """Mean cross-entropy of softmax(theta [z, 1]).

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices, shape (n,).
        n_classes: K.
    """

    def __init__(self, z: np.ndarray, y: np.ndarray, n_classes: int) -> None:
        self.y, self.z = y, np.hstack([z, np.ones((len(z), 1))])
        self.single = self.z.astype(np.float32)
        self.frequency = np.bincount(y, minlength=n_classes) / len(y)
        self.mean = self.z.mean(axis=0)
        # All that the loss needs of the labels: it is mean logsumexp(theta z) - <theta, targets>.
        self.targets = np.stack([self.z[y == k].sum(axis=0) for k in range(n_classes)]) / len(y)

    def null(self) -> np.ndarray:
        """Return the optimum without weights: the bias gives the class frequencies."""
        theta = np.zeros(self.targets.shape)
        theta[:, -1] = np.log(np.maximum(self.frequency, 1e-12))
        return theta

    def evaluate(self, theta: np.ndarray) -> tuple[float, Any]:
        """Return the loss and the class probabilities, shape (K, n); these stay on the device."""
        odds = self._logits(theta)
        largest = odds.max(axis=0)
        np.exp(np.subtract(odds, largest, out=odds), out=odds)
        total = odds.sum(axis=0)
        odds /= total
        return float((largest + np.log(total)).mean() - np.vdot(theta, self.targets)), odds

    def gradient(self, probabilities: Any) -> np.ndarray:
        """Return the gradient, shape (K, M + 1), at the point that has these probabilities."""
        return self.host_gradient(probabilities)

    def host_gradient(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the gradient for any probabilities, shape (K, n), in numpy."""
        return probabilities @ self.z / len(self.y) - self.targets

    def curvature(self, probabilities: Any, columns: np.ndarray, precision: type) -> "Curvature":
        """Return the Hessian over some columns of theta at the point that has these probabilities."""
        z = (self.single if precision is np.float32 else self.z)[:, columns]
        return Curvature(z, z, probabilities.astype(precision))

    def on_host(self, probabilities: Any) -> np.ndarray:
        """Return probabilities as a numpy array."""
        return probabilities

    def _logits(self, theta: np.ndarray) -> np.ndarray:
        """Return theta [z, 1], shape (K, n)."""
        return theta @ self.z.T


class StreamedLikelihood(Likelihood):
    """The same for activations that are too many for memory, which holds the columns that have weights only.

    Args:
        z: Standardised activations, shape (n, M), read once for every gradient.
        y: Class indices, shape (n,).
        n_classes: K.
    """

    def __init__(self, z: Rows, y: np.ndarray, n_classes: int) -> None:
        self.y, self.rows = y, z
        self.frequency = np.bincount(y, minlength=n_classes) / len(y)
        self.mean = np.append(z.mean(), 1)
        sums = z.transposed_product(np.eye(n_classes)[y]).T
        self.targets = np.hstack([sums / len(y), self.frequency[:, None]])
        self.columns, self.values = np.array([z.shape[1]]), np.ones((len(y), 1))

    def host_gradient(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the gradient for any probabilities, shape (K, n), in numpy."""
        sums = self.rows.transposed_product(probabilities.T).T
        return np.hstack([sums, probabilities.sum(axis=1, keepdims=True)]) / len(self.y) - self.targets

    def curvature(self, probabilities: Any, columns: np.ndarray, precision: type) -> "Curvature":
        """Return the Hessian over some columns of theta at the point that has these probabilities."""
        self._need(columns)
        z = self.values
        if len(columns) < len(self.columns):
            z = z.take(np.searchsorted(self.columns, columns), axis=1)
        z = z.astype(precision, copy=False)
        return Curvature(z, z, probabilities.astype(precision))

    def _logits(self, theta: np.ndarray) -> np.ndarray:
        """Return theta [z, 1], shape (K, n)."""
        self._need(np.flatnonzero(theta.any(axis=0)))
        return theta[:, self.columns] @ self.values.T

    def _need(self, columns: np.ndarray) -> None:
        """Read ascending columns of [z, 1] into memory, unless the last step needed them too."""
        if np.isin(columns, self.columns).all():
            return
        width = self.rows.shape[1]
        self.columns, self.values = columns, np.empty((0, 0))  # what was held goes before more is read
        self.values = np.ones((len(self.y), len(columns)))
        for place, block in self.rows.columns(np.isin(np.arange(width), columns)).blocks():
            self.values[place, : block.shape[1]] = block


class TorchLikelihood(Likelihood):
    """The same with every product of the size of the data on a torch device that has float64.

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices, shape (n,).
        n_classes: K.
        device: Name of a torch device, such as "cuda".
    """

    def __init__(self, z: np.ndarray, y: np.ndarray, n_classes: int, device: str) -> None:
        import torch

        super().__init__(z, y, n_classes)
        self.torch, self.device = torch, device
        self.remote = torch.from_numpy(self.z).to(device)
        self.remote_single = self.remote.float()

    def evaluate(self, theta: np.ndarray) -> tuple[float, Any]:
        """Return the loss and the class probabilities, shape (K, n); these stay on the device."""
        logits = self.torch.from_numpy(theta).to(self.device) @ self.remote.T
        loss = float(self.torch.logsumexp(logits, 0).mean()) - np.vdot(theta, self.targets)
        return float(loss), self.torch.softmax(logits, 0)

    def gradient(self, probabilities: Any) -> np.ndarray:
        """Return the gradient, shape (K, M + 1), at the point that has these probabilities."""
        return (probabilities @ self.remote).cpu().numpy() / len(self.y) - self.targets

    def curvature(self, probabilities: Any, columns: np.ndarray, precision: type) -> "Curvature":
        """Return the Hessian over some columns of theta at the point that has these probabilities."""
        host, remote = (self.single, self.remote_single) if precision is np.float32 else (self.z, self.remote)
        remote = remote[:, self.torch.from_numpy(columns).to(self.device)]
        return TorchCurvature(host[:, columns], remote, probabilities.to(remote.dtype))

    def on_host(self, probabilities: Any) -> np.ndarray:
        """Return probabilities as a numpy array."""
        return probabilities.cpu().numpy()


class Curvature:
    """Hessian of the data term at one point, in the precision of its arguments.

    Args:
        host: Columns of [z, 1] in numpy, shape (n, m).
        z: The same where the products are made.
        probabilities: Shape (K, n), where the products are made.
    """

    def __init__(self, host: np.ndarray, z: Any, probabilities: Any) -> None:
        self.host, self.z, self.probabilities = host, z, probabilities

    def product(self, direction: np.ndarray) -> np.ndarray:
        """Return the Hessian times a direction of shape (K, m)."""
        change = direction @ self.z.T
        change -= np.einsum("kn,kn->n", self.probabilities, change)  # the classes share what they gain
        change *= self.probabilities
        return change @ self.z / change.dtype.type(len(self.host))

    def block(self, k: int, columns: np.ndarray, rows: int) -> np.ndarray:
        """Return the part of one class, estimated low from the clips that weigh most.

        Args:
            k: The class.
            columns: Which of the m columns.
            rows: Number of clips.

        Returns:
            Shape (len(columns), len(columns)).
        """
        weight = self._of_class(k)
        weight = weight * (1 - weight)
        heavy = np.argpartition(weight, -rows)[-rows:] if len(weight) > rows else np.arange(len(weight))
        part = self.host[heavy[:, None], columns] * np.sqrt(weight[heavy] / len(weight))[:, None]
        return part.T @ part

    def diagonal(self, k: int, columns: np.ndarray) -> np.ndarray:
        """Return the diagonal of the part of one class, shape (len(columns),)."""
        weight = self._of_class(k)
        return (weight * (1 - weight)) @ np.square(self.host[:, columns]) / weight.dtype.type(len(weight))

    def _of_class(self, k: int) -> np.ndarray:
        return self.probabilities[k]


class TorchCurvature(Curvature):
    """The same with products on a torch device."""

    def product(self, direction: np.ndarray) -> np.ndarray:
        """Return the Hessian times a direction of shape (K, m)."""
        import torch

        change = torch.from_numpy(direction).to(self.z.device) @ self.z.T
        change -= (self.probabilities * change).sum(0)
        return ((change * self.probabilities) @ self.z / len(self.host)).cpu().numpy()

    def _of_class(self, k: int) -> np.ndarray:
        return self.probabilities[k].cpu().numpy()
